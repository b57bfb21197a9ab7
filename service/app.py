"""The composition root: settings in, an ASGI application out. The only place of this program that names adapters."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from searchindex import __version__
from searchindex.catalogue import find_card
from searchindex.encoders.onnx import open_image_encoder, open_text_encoder
from searchindex.errors import InvalidInput
from searchindex.models import PreparedModel, find_model, read_model
from searchindex.ports import VectorStore
from searchindex.stores.edge import EdgeStore
from service import errors, guards
from service.cache import Cache, MemoryCache
from service.engine import Engine, EngineParts
from service.guards import GuardedApp
from service.pictures import Pictures
from service.routes.pictures import picture_routes
from service.routes.search import search_routes
from service.routes.status import status_routes
from service.search import Searcher
from service.settings import Settings

WEB = Path(__file__).parent / "web"


@contextmanager
def extra(name: str) -> Iterator[None]:
    """A package that is missing is named with the extra that brings it."""
    try:
        yield
    except ImportError as error:
        raise InvalidInput(f"The package {error.name} is not installed.", hint=f"pip install 'searchindex[{name}]'") from None


def open_model(settings: Settings) -> PreparedModel:
    """The model that the settings name; ModelUnavailable, NotFound or InvalidInput say why there is none."""
    if settings.model_path is not None:
        model = read_model(settings.model_path)
    else:
        model = find_model(find_card(f"{settings.clip_model_name}/{settings.clip_pretrained}"), settings.models_path)
    if settings.clip_vector_dim not in (None, model.card.dim):
        raise InvalidInput(
            f"CLIP_VECTOR_DIM is {settings.clip_vector_dim}, but {model.card.name} has {model.card.dim} dimensions.",
            hint="Remove the variable, or name another model.",
        )
    return model


def open_store(settings: Settings) -> VectorStore:
    """The embedded engine where INDEX_PATH is set, else the Qdrant server."""
    if settings.index_path is not None:
        return EdgeStore(settings.index_path)
    with extra("service"):
        from searchindex.stores.qdrant import QdrantStore  # noqa: PLC0415  # not installed on a laptop
    return QdrantStore(
        settings.qdrant_host,
        http_port=settings.qdrant_port,
        grpc_port=settings.qdrant_grpc_port,
        collection=settings.qdrant_collection,
        api_key=settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None,
        tls=settings.qdrant_tls,
        timeout=settings.qdrant_timeout,
        ef=settings.qdrant_hnsw_ef,
    )


def open_cache(settings: Settings) -> Cache:
    """Redis where it is set and wanted, else this process's memory."""
    if settings.redis_host is None or not settings.redis_enabled:
        return MemoryCache(entries=settings.cache_entries, ttl=settings.redis_cache_ttl)
    with extra("service"):
        from service.redis_cache import RedisCache  # noqa: PLC0415  # not installed on a laptop
    password = settings.redis_password
    return RedisCache(
        f"redis://{settings.redis_host}:{settings.redis_port}/{settings.redis_db}",
        ttl=settings.redis_cache_ttl,
        password=password.get_secret_value() if password else None,
    )


def engine_parts(settings: Settings) -> EngineParts:
    """The product's own parts; tests hand over others."""
    model = open_model(settings)
    return EngineParts(
        card=model.card,
        fingerprint=model.fingerprint,
        store=open_store(settings),
        open_text=lambda: open_text_encoder(model, threads=settings.clip_threads),
        open_image=lambda: open_image_encoder(model),
        queue=settings.search_queue,
    )


def create_app(settings: Settings, *, parts: EngineParts | None = None) -> GuardedApp:
    """The application; the model loads in the background once it is started."""
    engine = Engine(parts or engine_parts(settings))
    cache = open_cache(settings)
    searcher = Searcher(engine, cache)
    pictures = Pictures(engine.parts.store, root=settings.image_dir, cache=settings.cache_dir)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        await engine.close()
        await cache.close()
        await window.close()

    app = GuardedApp(title="searchindex", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.store = engine.parts.store
    app.include_router(search_routes(searcher, settings))
    app.include_router(picture_routes(pictures))
    app.include_router(status_routes(searcher))
    errors.install(app)
    _serve_page(app)
    window = guards.install(app, settings)
    return app


def _serve_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/web", PageFiles(directory=WEB), name="web")


class PageFiles(StaticFiles):
    """Asked for again each time (and mostly answered 304), so that an upgrade never mixes old modules with new ones."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
