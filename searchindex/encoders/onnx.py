"""Encoders over ONNX Runtime on the CPU: what every installation has. One session each; one thread at a time owns an encoder."""

import numpy as np

from searchindex.encoders.golden import check_golden
from searchindex.encoders.rows import IMAGE_BATCH, check_pixels, in_batches
from searchindex.encoders.sessions import HINT, Graph, fits, open_graph
from searchindex.encoders.texts import Tower, TowerOfTexts
from searchindex.encoders.tokenizer import TokenIds, open_tokenizer
from searchindex.errors import ModelUnavailable
from searchindex.models import PreparedModel
from searchindex.ports import ImageEncoder, Pixels, TextEncoder, Vectors

_TEXT_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


def open_text_encoder(model: PreparedModel, *, threads: int | None = None) -> TextEncoder:
    """The text tower of a prepared model; ModelUnavailable where a file is missing, damaged or not what the card says.

    It has encoded the golden texts of its model, if there are any, as the reference did: wrong vectors are refused here, whether
    they come of a file or of this machine's arithmetic. `threads`: of one inference; None takes one per core (`cores.py`).
    """
    tokenizer = open_tokenizer(model.card.text, model.path(model.text.tokenizer))
    graph = open_graph(model, model.text.graph, model.text.weights, threads=threads)
    names = graph.inputs.keys()
    if "input_ids" not in names or not names <= _TEXT_INPUTS:
        raise ModelUnavailable(f"{graph.name} takes {sorted(names)}, which are not token ids.", hint=HINT)
    encoder = TowerOfTexts(tokenizer, _tower(graph), dim=graph.dim)
    if model.text.golden is not None:
        check_golden(encoder, model.path(model.text.golden), least=model.text.precision.least_cosine)
    return encoder


def open_image_encoder(model: PreparedModel, *, threads: int | None = None) -> ImageEncoder:
    """The image tower of a prepared model; otherwise as `open_text_encoder`."""
    if model.image is None:
        raise ModelUnavailable(
            f"{model.card.name} was prepared for queries alone, without its image tower.", hint="Prepare it without --text-only."
        )
    graph = open_graph(model, model.image.graph, model.image.weights, threads=threads)
    size = model.card.image.size
    shapes = [node.shape for node in graph.inputs.values()]
    if len(shapes) != 1 or not fits(shapes[0], [None, 3, size, size]):
        raise ModelUnavailable(f"{graph.name} takes {shapes}; the card of {model.card.name} says [n, 3, {size}, {size}].", hint=HINT)
    return _OnnxImages(graph, size)


def _tower(graph: Graph) -> Tower:
    # Exporters choose int64 or int32; a graph may do without the mask.
    types = {name: np.int32 if node.type == "tensor(int32)" else np.int64 for name, node in graph.inputs.items()}

    def encode(ids: TokenIds, mask: TokenIds) -> Vectors:
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return graph.run({name: feeds[name].astype(dtype, copy=False) for name, dtype in types.items()})

    return encode


class _OnnxImages:
    def __init__(self, graph: Graph, size: int) -> None:
        self._graph, self._size = graph, size
        (self._input,) = graph.inputs

    @property
    def dim(self) -> int:
        return self._graph.dim

    def encode_images(self, pixels: Pixels) -> Vectors:
        """ValueError on pixels of another shape than [n, 3, size, size]."""
        check_pixels(pixels, size=self._size)
        return in_batches(pixels, self._encode, size=IMAGE_BATCH, dim=self.dim)

    def _encode(self, pixels: Pixels) -> Vectors:
        return self._graph.run({self._input: np.ascontiguousarray(pixels, dtype=np.float32)})
