"""Text towers in eight bits over kernels of our own: faster than ONNX Runtime where a processor has no VNNI.

docs/decisions/0014-kernels-of-our-own.md says why, and what was measured.
"""

from searchindex.encoders.cores import usable_cores
from searchindex.encoders.exported_tower import QuantizedTower, read_exported, sizes_of
from searchindex.encoders.golden import check_golden
from searchindex.encoders.kernels.layout import fits
from searchindex.encoders.kernels.library import BETTER, has_kernels, library, processor
from searchindex.encoders.kernels.tower import CompiledTower
from searchindex.encoders.rows import unit_rows
from searchindex.encoders.sessions import HINT
from searchindex.encoders.texts import Tower, TowerOfTexts
from searchindex.encoders.tokenizer import TokenIds, open_tokenizer
from searchindex.errors import ModelUnavailable
from searchindex.models import Precision, PreparedModel
from searchindex.ports import TextEncoder, Vectors
from searchindex.room import MORE_MEMORY, says_no_memory

OTHERWISE = "ENCODER_RUNTIME=onnx does without."


def suits(model: PreparedModel) -> bool:
    """Whether this is the faster way for the model, on this machine, as it is installed."""
    return has_kernels() and not processor() & BETTER and _can_take(model)


def check(model: PreparedModel) -> None:
    """ModelUnavailable, with the reason, where this cannot be done here."""
    if not has_kernels():
        raise ModelUnavailable(
            "Compiled text towers take x86-64 with AVX2, and an image, or llvmlite, that brings the kernels.", hint=OTHERWISE
        )
    if not _can_take(model):
        raise ModelUnavailable(
            f"The text tower of {model.card.name} is not one of those in eight bits that can be compiled.", hint=OTHERWISE
        )
    _loadable()


def open_text_encoder(model: PreparedModel, *, threads: int | None = None) -> TextEncoder:
    """As ONNX Runtime's (`onnx.py`): compared with the golden texts before it answers. Also ModelUnavailable where `check` says so."""
    check(model)
    tower = open_tower(model, threads=threads)
    tokenizer = open_tokenizer(model.card.text, model.path(model.text.tokenizer))
    encoder = TowerOfTexts(tokenizer, _vectors(tower, model.text.graph.path), dim=tower.dim)
    if model.text.golden is not None:
        check_golden(encoder, model.path(model.text.golden), least=model.text.precision.least_cosine)
    return encoder


def open_tower(model: PreparedModel, *, threads: int | None = None) -> CompiledTower:
    """The tower without its tokenizer, of a model that `check` has no objection to. Each of its files has been checked."""
    try:
        tower = _read(model)
        if tower.sizes.dim != model.card.dim:
            raise ModelUnavailable(
                f"{model.text.graph.path} yields {tower.sizes.dim} numbers; the card of {model.card.name} says {model.card.dim}.", hint=HINT
            )
        return CompiledTower(tower, threads=threads or usable_cores() or 1)
    except (IndexError, KeyError, ValueError) as error:
        raise ModelUnavailable(f"{model.text.graph.path} cannot be read: {type(error).__name__}.", hint=HINT) from error
    except (MemoryError, OSError) as error:
        if says_no_memory(error):
            raise ModelUnavailable(f"{model.card.name} cannot be loaded: there is no memory.", hint=MORE_MEMORY) from error
        raise


def _loadable() -> None:
    try:
        library()
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"The kernels of text towers cannot be loaded: {error}.", hint=OTHERWISE) from error


def _can_take(model: PreparedModel) -> bool:
    in_eight_bits = model.text.precision is Precision.INT8 and model.text.weights is not None
    sizes = sizes_of(model.path(model.text.graph)) if in_eight_bits else None
    return sizes is not None and fits(sizes)


def _read(model: PreparedModel) -> QuantizedTower:
    if model.text.weights is None:
        raise ValueError("no weights")
    return read_exported(model.path(model.text.graph), model.path(model.text.weights))


def _vectors(tower: CompiledTower, name: str) -> Tower:
    def encode(ids: TokenIds, _mask: TokenIds) -> Vectors:
        try:
            rows = tower.run(ids)
        except ValueError as error:
            raise ModelUnavailable(f"{name} failed: {error}.", hint=HINT) from error
        return unit_rows(rows, dim=tower.dim, name=name)

    return encode
