"""`python -m jobs prepare`: a prepared model in a folder that pods share, made there once."""

import asyncio
from pathlib import Path
from typing import Any, Protocol

from jobs.concluding import Conclusion, conclude
from jobs.export import export
from jobs.opening import open_model
from jobs.shared_settings import PrepareSettings, read
from jobs.stop import Stop
from searchindex.catalogue import ModelCard, find_card
from searchindex.errors import ModelUnavailable
from searchindex.models import MANIFEST, PreparedModel


class Export(Protocol):
    def __call__(self, card: ModelCard, out: Path, /, *, keep_weights: bool) -> PreparedModel: ...


def run(given: dict[str, Any]) -> int:
    async def work(_stop: Stop) -> Conclusion:
        model = await asyncio.to_thread(ensure_model, read(PrepareSettings, given))
        return Conclusion({"model": model.card.name, "fingerprint": model.fingerprint, "folder": str(model.folder)})

    return conclude(work)


def exported(card: ModelCard, out: Path, *, keep_weights: bool) -> PreparedModel:
    """From the card's source, over the network; needs torch."""
    return export(card, out, weights=None, keep_weights=keep_weights)


def ensure_model(settings: PrepareSettings, make: Export = exported) -> PreparedModel:
    """The model that the settings name: the one that is there, every file's digest checked, else one made now.

    ModelUnavailable where a file is not what the manifest says, nothing could be fetched, or one that is there has not kept its
    weights and should have; CollectionMismatch where the weights are not those of MODEL_FINGERPRINT.
    """
    card = find_card(f"{settings.clip_model_name}/{settings.clip_pretrained}")
    folder = settings.model_path or settings.models_path / card.slug
    if not (folder / MANIFEST).is_file():
        make(card, folder, keep_weights=settings.keep_weights)
    model = open_model(settings)
    if settings.keep_weights and model.openclip is None:
        raise ModelUnavailable(f"The model in {folder} was prepared without its weights.", hint="Remove the folder: it is then made anew.")
    for file in model.files:
        model.path(file)
    return model
