"""Models and stores, opened as settings say: the adapters that every program of this package may need."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from jobs.shared_settings import ModelSettings, StoreSettings
from searchindex.catalogue import find_card
from searchindex.errors import CollectionMismatch, InvalidInput
from searchindex.models import PreparedModel, find_model, read_model
from searchindex.stores.qdrant_trust import trust

if TYPE_CHECKING:
    from searchindex.stores.qdrant import QdrantStore


Outgoing = Callable[[], Sequence[tuple[str, str]]]


def not_installed(error: ImportError) -> InvalidInput:
    return InvalidInput(f"The package {error.name} is not installed.", hint="pip install 'searchindex[jobs]'")


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
    store = open_store(settings, outgoing=outgoing)
    try:
        yield store
    finally:
        await store.close()


def open_store(settings: StoreSettings, *, outgoing: Outgoing = list) -> "QdrantStore":
    try:
        from searchindex.stores.qdrant import QdrantStore  # noqa: PLC0415  # not installed on a laptop
    except ImportError as error:
        raise not_installed(error) from None
    if settings.qdrant_ca_file is not None:
        trust(settings.qdrant_ca_file)
    return QdrantStore(
        settings.qdrant_host,
        http_port=settings.qdrant_port,
        grpc_port=settings.qdrant_grpc_port,
        collection=settings.qdrant_collection,
        api_key=settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None,
        tls=settings.qdrant_tls,
        timeout=settings.qdrant_timeout,
        metadata=outgoing,
    )
