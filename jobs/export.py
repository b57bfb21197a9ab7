"""Prepare a model: open_clip's towers as ONNX graphs, compared with torch before anybody can load them. Needs the extra `gpu`."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from searchindex.catalogue import ModelCard
from searchindex.encoders.clip_vocabulary import clip_tokenizer, installed_merges
from searchindex.encoders.onnx import open_image_encoder, open_text_encoder
from searchindex.encoders.openclip import OpenClip, open_openclip
from searchindex.encoders.openclip_graphs import LARGEST_GRAPH, Tower, image_tower, text_tower, write_graph
from searchindex.encoders.openclip_model import fetch
from searchindex.errors import InvalidInput, ModelUnavailable
from searchindex.models import ImageFiles, ModelFile, PreparedModel, TextFiles, sha256_of, write_manifest
from searchindex.ports import Vectors

FIDELITY = 0.9999  # the least cosine to torch's vector that is published; float32 graphs reach 1 - 1e-6
_PROBES = (
    "",
    "a red bicycle against a white wall",
    "ein Hund am Strand, abends",
    "日本の古い寺 🌸",
    "two people on a bench in front of a lake " * 12,
)


def export(
    card: ModelCard,
    out: Path,
    *,
    weights: Path | None,
    device: str = "cpu",
    tokenizer: Path | None = None,
    largest: int = LARGEST_GRAPH,
) -> PreparedModel:
    """Make the folder `out` with two graphs, tokenizer.json and model.json; it appears only when all of it is proven.

    `weights`: a local safetensors file, else they are fetched from the card's source; `tokenizer` likewise, for others than
    CLIP's. `largest`: bytes of weights that a graph holds itself. InvalidInput where `out` is there already; ModelUnavailable
    where something is missing, the disk is full, cutting is not exact, or a graph does not agree with torch.
    """
    if out.exists():
        raise InvalidInput(f"{out} is there already.", hint="Remove it first, or name another folder.")
    reference = open_openclip(card, weights=weights, device=device, tokenizer=tokenizer)
    with _staged(out, needed=2 * reference.weights.stat().st_size) as folder:
        text, text_weights = _graph(text_tower(card, reference.model), folder / "text.onnx", largest)
        image, image_weights = _graph(image_tower(card, reference.model), folder / "image.onnx", largest)
        model = PreparedModel(
            folder=folder,
            card=card,
            source_sha256=sha256_of(reference.weights),
            text=TextFiles(graph=text, weights=text_weights, tokenizer=_tokenizer(card, folder, tokenizer)),
            image=ImageFiles(graph=image, weights=image_weights),
        )
        _compare(model, reference)
        write_manifest(model)
    return replace(model, folder=out)


@contextmanager
def _staged(out: Path, *, needed: int) -> Iterator[Path]:
    """A folder beside `out` that becomes it at the end, and is removed where that is not reached."""
    out.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out.parent).free
    if free < needed:
        raise _full(out, f"{needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        part.rename(out)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full(out, "nothing is free") from error
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _full(out: Path, detail: str) -> ModelUnavailable:
    return ModelUnavailable(f"There is no room for the model in {out.parent}: {detail}.", hint="Free some, or name another folder.")


def _graph(tower: Tower, path: Path, largest: int) -> tuple[ModelFile, ModelFile | None]:
    weights = write_graph(tower, path, largest=largest)
    return _file(path), _file(weights) if weights else None


def _tokenizer(card: ModelCard, folder: Path, local: Path | None) -> ModelFile:
    path = folder / "tokenizer.json"
    if local is None and card.text.tokenizer == "clip":
        clip_tokenizer(installed_merges()).save(str(path))
    else:
        shutil.copyfile(local or fetch(card, path.name), path)
    return _file(path)


def _file(path: Path) -> ModelFile:
    return ModelFile(path=path.name, sha256=sha256_of(path))


def _compare(model: PreparedModel, reference: OpenClip) -> None:
    """ModelUnavailable where a graph's vectors are not torch's, over batches of one and of several, and texts of all lengths."""
    size = model.card.image.size
    pixels = np.random.default_rng(0).standard_normal((3, 3, size, size), dtype=np.float32)
    text, image = open_text_encoder(model), open_image_encoder(model)
    for texts in (_PROBES, *([probe] for probe in _PROBES)):
        _agree("text", text.encode_texts(texts), reference.encode_texts(texts))
    for batch in (pixels, pixels[:1]):
        _agree("image", image.encode_images(batch), reference.encode_images(batch))


def _agree(tower: str, ours: Vectors, theirs: Vectors) -> None:
    cosine = float((ours * theirs).sum(axis=1).min())
    if cosine < FIDELITY:
        raise ModelUnavailable(
            f"The exported {tower} tower does not agree with torch: cosine {cosine:.5f}, at least {FIDELITY} is needed.",
            hint="Upgrade torch, onnx and onnxscript, and report it if it stays.",
        )
