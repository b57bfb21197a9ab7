"""`python -m jobs prepare`: a prepared model in a folder that pods share, made there once."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.concluding import Conclusion, conclude
from jobs.export import export
from jobs.opening import open_model
from jobs.shared_settings import ModelSettings, read
from jobs.stop import Stop
from searchindex.catalogue import ModelCard, find_card
from searchindex.models import MANIFEST, PreparedModel

Export = Callable[[ModelCard, Path], PreparedModel]


def run(given: dict[str, Any]) -> int:
    async def work(_stop: Stop) -> Conclusion:
        model = await asyncio.to_thread(ensure_model, read(ModelSettings, given))
        return Conclusion({"model": model.card.name, "fingerprint": model.fingerprint, "folder": str(model.folder)})

    return conclude(work)


def exported(card: ModelCard, out: Path) -> PreparedModel:
    """From the card's source, over the network; needs torch."""
    return export(card, out, weights=None)


def ensure_model(settings: ModelSettings, make: Export = exported) -> PreparedModel:
    """The model that the settings name: the one that is there, every file's digest checked, else one made now.

    ModelUnavailable where a file is not what the manifest says, or nothing could be fetched; CollectionMismatch where the weights
    are not those of MODEL_FINGERPRINT.
    """
    card = find_card(f"{settings.clip_model_name}/{settings.clip_pretrained}")
    folder = settings.model_path or settings.models_path / card.slug
    if not (folder / MANIFEST).is_file():
        make(card, folder)
    model = open_model(settings)
    for file in model.files:
        model.path(file)
    return model
