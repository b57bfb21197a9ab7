"""open_clip's models, built here without weights, and filled with those of a file on the device where they are to run."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from searchindex.catalogue import ModelCard
from searchindex.encoders.openclip_packages import EXTRA, first_line, packages
from searchindex.encoders.openclip_run import Run
from searchindex.encoders.openclip_weights import read_weights, refused, unfit
from searchindex.errors import ModelUnavailable
from searchindex.room import MORE_MEMORY, says_no_memory

CONFIG = "open_clip_config.json"  # the name that open_clip looks for


class Towers(StrEnum):
    """What is loaded of a model: a query's process needs no picture tower, an indexing one no text tower."""

    BOTH = "both"
    TEXT = "text"
    IMAGE = "image"


def load_model(card: ModelCard, *, weights: Path, run: Run, towers: Towers = Towers.BOTH, config: Path | None = None) -> Any:
    """The card's architecture with the weights of a file, on `run.device`, for inference only. `config`: as `write_config` leaves it,
    in place of what the installed open_clip knows of the architecture.

    Nothing is drawn at random first, and no weight is in memory twice: on a CPU they stay mapped from the file, as long as they are
    of the type that is wanted. ModelUnavailable where torch or open_clip is not installed, the architecture is unknown, or the weights
    are not its own: one that is missing, too many or of another shape is named.
    """
    model = _without_weights(card, config)
    given = read_weights(card, weights, model)
    known = _shapes(model.state_dict())
    _drop(model, towers)
    needed = model.state_dict()
    if reason := unfit(_shapes(needed), known, _shapes(given)):
        raise refused(card, weights, reason)
    kept = run.kept()
    halves = _matrices(model)
    try:
        placed = {
            name: given[name].to(run.device, kept if name in halves else tensor.dtype).reshape(tensor.shape)
            for name, tensor in needed.items()
        }
        model.load_state_dict(placed, assign=True)
        return model.eval().requires_grad_(requires_grad=False).to(run.device)
    except Exception as error:  # no such device, or no memory on it
        raise refused(card, weights, f"on {run.device}, {first_line(error)}") from error


def write_config(card: ModelCard, path: Path) -> None:
    """open_clip's own description of the architecture and the card's preprocessing, as open_clip reads them beside weights."""
    open_clip, _ = packages()
    image = card.image
    preprocess = {"size": image.size, "mean": image.mean, "std": image.std, "fill_color": image.fill}
    preprocess |= {"interpolation": image.interpolation, "resize_mode": image.resize_mode}
    facts = {"model_cfg": open_clip.get_model_config(card.architecture), "preprocess_cfg": preprocess}
    path.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


def _without_weights(card: ModelCard, config: Path | None) -> Any:
    open_clip, _ = packages()
    name = card.architecture if config is None else f"local-dir:{config.parent}"
    try:
        with _quiet(), _parameters_on_meta():  # and left there: without a device nothing is moved
            return open_clip.create_model(name, load_weights=False, pretrained_text=False, device=None)
    except Exception as error:  # open_clip raises plain RuntimeError, and what its towers' libraries raise
        hint = MORE_MEMORY if says_no_memory(error) else f"Upgrade: {EXTRA}"
        raise ModelUnavailable(f"open_clip cannot build {card.architecture}: {first_line(error)}", hint=hint) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip says to the root logger that the model is random, which it is until its weights come: nothing for a pod's log."""

    def ours(record: logging.LogRecord) -> bool:
        return record.module != "factory"

    logging.root.addFilter(ours)
    try:
        yield
    finally:
        logging.root.removeFilter(ours)


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """What is built inside has parameters with shapes and no data. Buffers, which files need not hold, are computed as always."""
    _, torch = packages()

    def emptied(_module: Any, _name: str, parameter: Any) -> Any:
        return None if parameter is None else torch.nn.Parameter(parameter.to("meta"), requires_grad=False)

    hook = torch.nn.modules.module.register_module_parameter_registration_hook(emptied)
    try:
        yield
    finally:
        hook.remove()


def _drop(model: Any, towers: Towers) -> None:
    """What is not wanted of a model; `encode_image` needs its picture tower alone."""
    if towers is Towers.TEXT:
        del model.visual
    if towers is Towers.IMAGE:
        parts = [name for named in (model.named_children(), model.named_parameters(recurse=False)) for name, _ in named]
        for name in parts:
            if name != "visual":
                delattr(model, name)


def _matrices(model: Any) -> set[str]:
    """The names of weights that autocast would convert for each product."""
    _, torch = packages()
    found = set()
    for at, module in model.named_modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            found.add(f"{at}.weight")
        if isinstance(module, torch.nn.MultiheadAttention):
            found.add(f"{at}.in_proj_weight")
    return found


def _shapes(tensors: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


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
