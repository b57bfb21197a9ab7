"""Sources, models and stores, opened as settings say: the adapters that every program of this package may need."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from jobs.folder import Folder
from jobs.settings import JobSettings
from jobs.shared_settings import ModelSettings, StoreSettings
from jobs.sources import Sources
from jobs.stop import Stop
from jobs.tar import Tars, tar_files
from jobs.walk import check_folder
from jobs.web import Web
from jobs.web_fetch import Fetch
from jobs.web_rules import Rules
from searchindex.catalogue import find_card
from searchindex.errors import CollectionMismatch
from searchindex.extras import extra
from searchindex.models import PreparedModel, find_model, read_model
from searchindex.stores.qdrant_opening import open_qdrant

if TYPE_CHECKING:
    from searchindex.stores.qdrant import QdrantStore


Outgoing = Callable[[], Sequence[tuple[str, str]]]


def open_sources(settings: JobSettings, stop: Stop) -> Sources:
    """The place of the pictures. NotFound or InvalidInput say why there is none; a bucket or a host is asked only when it is read."""
    if settings.image_dir is not None:
        return Folder(check_folder(settings.image_dir))
    if settings.image_tar:
        return Tars(tar_files(settings.image_tar), check=stop.check)
    if settings.url_list is not None:
        rules = Rules(hosts=patterns(settings.url_hosts), http=settings.url_http)
        return Web(settings.url_list, Fetch(rules=rules, seconds=settings.url_seconds))
    return _open_bucket(settings, stop)


def _open_bucket(settings: JobSettings, stop: Stop) -> Sources:
    with extra("jobs"):
        from jobs.bucket import Bucket, Place  # noqa: PLC0415  # its client is not installed on a laptop
    place = Place(
        bucket=settings.s3_bucket, prefix=settings.s3_prefix, endpoint=settings.s3_endpoint.rstrip("/"), region=settings.s3_region
    )
    return Bucket(place, check=stop.check)


def patterns(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(pattern.strip() for pattern in text.split(",") if pattern.strip())


def open_model(settings: ModelSettings) -> PreparedModel:
    """The model that the settings name. NotFound, ModelUnavailable or CollectionMismatch say why there is none."""
    if settings.model_path is not None:
        model = read_model(settings.model_path)
    else:
        model = find_model(find_card(f"{settings.clip_model_name}/{settings.clip_pretrained}"), settings.models_path)
    if settings.model_fingerprint not in (None, model.fingerprint):
        raise CollectionMismatch(
            f"MODEL_FINGERPRINT is {settings.model_fingerprint}, but {model.card.name} has the fingerprint {model.fingerprint}.",
            hint="Mount the model that the collection was made for, or index into another collection.",
        )
    return model


@asynccontextmanager
async def opened_store(settings: StoreSettings, *, outgoing: Outgoing = list) -> AsyncIterator["QdrantStore"]:
    """`outgoing`: asked for what goes along with a call."""
    store = open_qdrant(settings, extra="jobs", metadata=outgoing)
    try:
        yield store
    finally:
        await store.close()
