"""The files that open_clip's weights come in: found, fetched, read and compared with what a model has room for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from searchindex.catalogue import ModelCard
from searchindex.encoders.openclip_packages import first_line, packages
from searchindex.errors import ModelUnavailable, shorten
from searchindex.room import MORE_MEMORY, says_full, says_no_memory

_HUB = "hf-hub:"
WEIGHTS = "open_clip_model.safetensors"
# What older checkpoints of Hugging Face's towers hold, and nothing reads.
_UNREAD = "text.transformer.embeddings.position_ids"

Shape = tuple[int, ...]


def find_weights(card: ModelCard, weights: Path | None, *, allow_pickle: bool = False) -> Path:
    """`weights` where it is given, else fetched from `card.source`. Safetensors only, unless pickles are allowed.

    A pickle of torch is a program: it is read with torch's restricted loader, and even so only on request.
    """
    found = weights or fetch(card, WEIGHTS)
    if not found.is_file():
        raise ModelUnavailable(f"There is no file {found}.", hint=f"The weights of {card.name} are published at {card.source}.")
    if found.suffix != ".safetensors" and not allow_pickle:
        raise ModelUnavailable(f"{found.name} is not a safetensors file.", hint="Convert it, or allow pickles if you trust its source.")
    return found


def fetch(card: ModelCard, name: str) -> Path:
    """A file of the repository that the card names, from the local cache or the network. Else ModelUnavailable."""
    open_clip, _ = packages()
    try:
        return Path(open_clip.pretrained.download_pretrained_from_hf(card.source.removeprefix(_HUB), filename=name))
    except Exception as error:  # whatever the network and the hub's library raise
        if says_full(error):
            raise ModelUnavailable(
                f"There is no room to fetch {name} of {card.name}.", hint="Free some, or set HF_HOME to another disk."
            ) from error
        raise ModelUnavailable(
            f"{name} of {card.name} could not be fetched from {card.source}.",
            hint="Without a network, fetch the files elsewhere and name them: searchindex export --weights FILE.",
        ) from error


def read_weights(card: ModelCard, path: Path, model: Any) -> dict[str, Any]:
    """Tensors by the names that `model`, which is whole, has for them; safetensors are mapped, not read.

    ModelUnavailable on a damaged file.
    """
    open_clip, _ = packages()
    try:
        read = open_clip.factory.load_state_dict(str(path), device="cpu", weights_only=True)
        read = open_clip.convert.convert_state_dict(model, read)
        if "positional_embedding" in read and not hasattr(model, "positional_embedding"):
            read = open_clip.model.convert_to_custom_text_state_dict(read)
    except Exception as error:  # safetensors, pickle and zip files have no exception in common
        raise refused(card, path, f"it cannot be read: {first_line(error)}") from error
    return {name: tensor for name, tensor in read.items() if name != _UNREAD}


def refused(card: ModelCard, path: Path, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{path.name} cannot be loaded into {card.architecture}: {reason}.",
        hint=MORE_MEMORY if says_no_memory(reason) else f"The weights of this model are published at {card.source}.",
    )


def unfit(needed: Mapping[str, Shape], known: Mapping[str, Shape], given: Mapping[str, Shape]) -> str:
    """Why weights of the shapes `given` are not a model's, naming the first; empty where they are.

    `known`: of the whole model; `needed`: of those towers that are loaded. Scalars may be written as a row of one.
    """
    if missing := sorted(needed.keys() - given.keys()):
        return f"it lacks {_count(missing)}"
    if surplus := sorted(given.keys() - known.keys()):
        return f"it has {_count(surplus)} too many"
    other = [name for name in sorted(needed) if _plain(given[name]) != _plain(needed[name])]
    return f"{other[0]} has the shape {list(given[other[0]])} instead of {list(needed[other[0]])}" if other else ""


def _count(names: list[str]) -> str:
    return f"{len(names)} of its tensors, {shorten(names[0], 80)} first," if len(names) > 1 else f"the tensor {shorten(names[0], 80)}"


def _plain(shape: Shape) -> Shape:
    return () if shape == (1,) else shape
