"""The composition root: settings in, an ASGI application out. The only place of this program that names adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from searchindex import __version__
from searchindex.catalogue import find_card
from searchindex.encoders.onnx import open_image_encoder, open_text_encoder
from searchindex.errors import InvalidInput
from searchindex.models import PreparedModel, find_model, read_model
from searchindex.ports import VectorStore
from searchindex.stores.edge import EdgeStore
from searchindex.stores.qdrant import QdrantStore
from service import errors
from service.cache import MemoryCache
from service.engine import Engine, EngineParts
from service.pictures import Pictures
from service.routes.pictures import picture_routes
from service.routes.search import search_routes
from service.routes.status import status_routes
from service.search import Searcher
from service.settings import Settings

WEB = Path(__file__).parent / "web"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


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


def create_app(settings: Settings, *, parts: EngineParts | None = None) -> FastAPI:
    """The application; the model loads in the background once it is started."""
    engine = Engine(parts or engine_parts(settings))
    searcher = Searcher(engine, MemoryCache(entries=settings.cache_entries, ttl=settings.cache_ttl))
    pictures = Pictures(engine.parts.store, root=settings.image_dir, cache=settings.cache_dir)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        await engine.close()

    app = FastAPI(title="searchindex", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.store = engine.parts.store
    app.include_router(search_routes(searcher, settings))
    app.include_router(picture_routes(pictures))
    app.include_router(status_routes(searcher))
    errors.install(app)
    _serve_page(app)
    app.add_middleware(PageHeaders)
    return app


def _serve_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/web", StaticFiles(directory=WEB), name="web")


class PageHeaders:
    """Adds the security headers of the page to every answer that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                wanted = ((name.lower().encode(), value.encode()) for name, value in PAGE_HEADERS.items())
                message["headers"] = [*message["headers"], *(pair for pair in wanted if pair[0] not in present)]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
