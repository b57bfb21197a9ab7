"""Prepare a model: open_clip's towers as ONNX graphs, compared with torch before anybody can load them. Needs the extra `gpu`."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

from jobs.staging import Stage, staged
from searchindex.catalogue import ModelCard
from searchindex.encoders.clip_vocabulary import clip_tokenizer, installed_merges
from searchindex.encoders.golden import TEXTS, agree, golden_pixels, write_golden, write_golden_pictures
from searchindex.encoders.onnx import open_image_encoder, open_text_encoder
from searchindex.encoders.openclip import OpenClip, open_openclip
from searchindex.encoders.openclip_graphs import LARGEST_GRAPH, Tower, image_tower, text_tower, write_graph
from searchindex.encoders.openclip_model import CONFIG, Towers, write_config
from searchindex.encoders.openclip_run import Run
from searchindex.encoders.openclip_towers import read_text_tower
from searchindex.encoders.openclip_weights import WEIGHTS, fetch
from searchindex.encoders.text_graph import write_text_graph
from searchindex.errors import InvalidInput, ModelUnavailable
from searchindex.models import (
    ImageFiles,
    ModelFile,
    OpenClipFiles,
    Precision,
    PreparedModel,
    TextFiles,
    read_image_files,
    read_openclip_files,
    read_text_files,
    sha256_of,
    write_manifest,
)

IMAGE_FIDELITY = 0.9999  # of image towers, which torch's exporter writes in float32


def export(
    card: ModelCard,
    out: Path,
    *,
    weights: Path | None,
    device: str = "cpu",
    tokenizer: Path | None = None,
    precision: Precision | None = None,
    text_only: bool = False,
    keep_weights: bool = False,
    largest: int = LARGEST_GRAPH,
) -> PreparedModel:
    """Make the folder `out` with graphs, tokenizer.json and model.json; it appears only when all of it is proven.

    `weights`: a local safetensors file, else they are fetched from the card's source; `tokenizer` likewise, for others than
    CLIP's. `precision` of the text tower: None takes int8 where the tower is of the plain kind, else float32. `text_only` leaves out
    the image tower, which no query needs; `keep_weights` puts the weights beside the graphs, so that torch can run the model, too.
    `largest`: bytes of weights that a graph of torch's holds itself.

    InvalidInput where `out` is there already; ModelUnavailable where something is missing, the disk or the memory is full, cutting is
    not exact, or a graph does not agree with torch. A run that was killed is taken up where it was.
    """
    if out.exists():
        raise InvalidInput(f"{out} is there already.", hint="Remove it first, or name another folder.")
    towers = Towers.TEXT if text_only else Towers.BOTH
    reference = open_openclip(card, weights=weights, run=Run(device=device), tokenizer=tokenizer, towers=towers)
    source = sha256_of(reference.weights)
    facts = {"card": card.name, "source": source, "precision": str(precision), "towers": str(towers)}
    exporting = _Export(card, reference, source, tokenizer, largest)
    with staged(out, facts, needed=(2 + keep_weights) * reference.weights.stat().st_size) as stage:
        model = exporting.run(stage, precision, text_only=text_only, keep_weights=keep_weights)
        write_manifest(model)
    return replace(model, folder=out)


class _Export:
    def __init__(self, card: ModelCard, reference: OpenClip, source: str, tokenizer: Path | None, largest: int) -> None:
        self._card, self._reference, self._source, self._tokenizer, self._largest = card, reference, source, tokenizer, largest

    def run(self, stage: Stage, precision: Precision | None, *, text_only: bool, keep_weights: bool) -> PreparedModel:
        text = stage.keep("text", read_text_files, partial(self._text, precision))
        image = None if text_only else stage.keep("image", read_image_files, partial(self._image, text))
        kept = stage.keep("openclip", read_openclip_files, partial(self._kept, text_only)) if keep_weights else None
        return replace(self._model(stage.folder, text, image), openclip=kept)

    def _model(self, folder: Path, text: TextFiles, image: ImageFiles | None) -> PreparedModel:
        return PreparedModel(folder=folder, card=self._card, source_sha256=self._source, text=text, image=image)

    def _text(self, precision: Precision | None, folder: Path) -> TextFiles:
        """Written, and compared with torch over texts of all lengths, alone and together."""
        expected = self._reference.encode_texts(TEXTS)
        write_golden(folder / "golden.safetensors", expected)
        files = replace(self._text_graph(precision, folder), golden=_file(folder / "golden.safetensors"))
        encoder = open_text_encoder(self._model(folder, files, None))
        agree(encoder.encode_texts(TEXTS), expected, least=files.precision.least_cosine)
        return files

    def _text_graph(self, precision: Precision | None, folder: Path) -> TextFiles:
        path, tokenizer, tower = folder / "text.onnx", self._vocabulary(folder), read_text_tower(self._card, self._reference.model)
        if tower is not None:
            chosen = precision or Precision.INT8
            written = write_text_graph(tower, chosen, path)
            return TextFiles(graph=_file(path), weights=_file(written), tokenizer=tokenizer, precision=chosen)
        if precision is Precision.INT8:
            raise ModelUnavailable(
                f"The text tower of {self._card.architecture} is of a kind that is prepared in fp32 only.", hint="Use fp32."
            )
        graph, weights = self._traced(text_tower(self._card, self._reference.model), path)
        return TextFiles(graph=graph, weights=weights, tokenizer=tokenizer)

    def _image(self, text: TextFiles, folder: Path) -> ImageFiles:
        """Written, and compared with torch over a batch of one and of several."""
        graph, weights = self._traced(image_tower(self._card, self._reference.model), folder / "image.onnx")
        files = ImageFiles(graph=graph, weights=weights)
        encoder, size = open_image_encoder(self._model(folder, text, files)), self._card.image.size
        pixels = golden_pixels(size)
        for batch in (pixels, pixels[:1]):
            agree(encoder.encode_images(batch), self._reference.encode_images(batch), least=IMAGE_FIDELITY)
        return files

    def _kept(self, text_only: bool, folder: Path) -> OpenClipFiles:  # noqa: FBT001  # bound by its name in `run`
        """What open_clip itself would take for a model of its own, and what it makes of golden pictures."""
        shutil.copyfile(self._reference.weights, folder / WEIGHTS)
        write_config(self._card, folder / CONFIG)
        files = OpenClipFiles(weights=_file(folder / WEIGHTS), config=_file(folder / CONFIG))
        if text_only:
            return files
        pictures = folder / "golden-pictures.safetensors"
        write_golden_pictures(pictures, self._reference.encode_images(golden_pixels(self._card.image.size)))
        return replace(files, pictures=_file(pictures))

    def _traced(self, tower: Tower, path: Path) -> tuple[ModelFile, ModelFile | None]:
        weights = write_graph(tower, path, largest=self._largest)
        return _file(path), _file(weights) if weights else None

    def _vocabulary(self, folder: Path) -> ModelFile:
        path = folder / "tokenizer.json"
        if self._tokenizer is None and self._card.text.tokenizer == "clip":
            clip_tokenizer(installed_merges()).save(str(path))
        else:
            shutil.copyfile(self._tokenizer or fetch(self._card, path.name), path)
        return _file(path)


def _file(path: Path) -> ModelFile:
    return ModelFile(path=path.name, sha256=sha256_of(path))
