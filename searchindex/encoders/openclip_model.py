"""open_clip's models, built here and filled from a local file or from the place that the card names."""

from pathlib import Path
from typing import Any

from searchindex.catalogue import ModelCard
from searchindex.errors import ModelUnavailable

EXTRA = "pip install 'searchindex[gpu]'"
_HUB = "hf-hub:"
_WEIGHTS = "open_clip_model.safetensors"


def load_model(card: ModelCard, *, weights: Path, device: str) -> Any:
    """The card's architecture with the weights of a file, in float32 on `device`, for inference only.

    ModelUnavailable where torch or open_clip is not installed, the architecture is unknown, or the weights are not its own.
    """
    open_clip, torch = packages()
    try:
        model = open_clip.create_model(card.architecture, load_weights=False, pretrained_text=False, device="cpu")
    except Exception as error:  # open_clip raises plain RuntimeError, and what its towers' libraries raise
        raise ModelUnavailable(f"open_clip cannot build {card.architecture}: {_first_line(error)}", hint=f"Upgrade: {EXTRA}") from error
    try:
        open_clip.load_checkpoint(model, str(weights), weights_only=True)
        return model.eval().requires_grad_(requires_grad=False).to(torch.device(device))
    except Exception as error:  # a damaged file, another architecture's, or no such device
        raise ModelUnavailable(
            f"{weights.name} cannot be loaded into {card.architecture} on {device}: {_first_line(error)}",
            hint=f"The weights of this model are published at {card.source}.",
        ) from error


def find_weights(card: ModelCard, weights: Path | None, *, allow_pickle: bool = False) -> Path:
    """`weights` where it is given, else fetched from `card.source`. Safetensors only, unless pickles are allowed.

    A pickle of torch is a program: it is read with torch's restricted loader, and even so only on request.
    """
    found = weights or fetch(card, _WEIGHTS)
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
        raise ModelUnavailable(
            f"{name} of {card.name} could not be fetched from {card.source}.",
            hint="Without a network, fetch the files elsewhere and name them: searchindex export --weights FILE.",
        ) from error


def text_features(model: Any, ids: Any, *, cut: bool) -> Any:
    """The text tower's output [n, dim], not normalised, for ids [n, L], L up to the context's length.

    open_clip 3.3 adds all its position rows and its whole mask, so that it takes full rows only. With `cut`, which is for
    models that `cuts_exactly`, this takes as many of both as there are tokens; without it is open_clip's own function.
    """
    if not cut:
        return model.encode_text(ids)
    tower = getattr(model, "text", model)
    length = ids.shape[1]
    hidden = tower.token_embedding(ids) + tower.positional_embedding[:length]
    hidden = tower.ln_final(tower.transformer(hidden, attn_mask=tower.attn_mask[:length, :length]))
    pooled = hidden[ids.new_ones(ids.shape[0]).cumsum(0) - 1, ids.argmax(dim=-1)]
    projection = tower.text_projection
    if projection is None:
        return pooled
    return projection(pooled) if callable(projection) else pooled @ projection


def cuts_exactly(model: Any) -> bool:
    """Whether what stands after the end-of-text token cannot change a vector: causal attention, pooled at the highest id."""
    tower = getattr(model, "text", model)
    pools = getattr(tower, "pool_type", None) or getattr(tower, "text_pool_type", None)
    mask = getattr(tower, "attn_mask", None)
    if pools != "argmax" or mask is None or getattr(tower, "cls_emb", None) is not None:
        return False
    return bool((mask == mask.new_full(mask.shape, float("-inf")).triu(1)).all())


def packages() -> tuple[Any, Any]:
    """open_clip and torch, which only the extra installs. Else ModelUnavailable."""
    try:
        import open_clip  # noqa: PLC0415 # as the docstring says
        import torch  # noqa: PLC0415
    except ImportError as error:
        raise ModelUnavailable(f"This needs {error.name or 'torch'}, which is not installed.", hint=f"Run: {EXTRA}") from error
    return open_clip, torch


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
