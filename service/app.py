"""The composition root: settings in, an ASGI application out. The only place of this program that names adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig
from starlette.types import Scope

from observability.meter import Meter
from searchindex import __version__
from searchindex.catalogue import ModelCard, find_card
from searchindex.encoders.opening import check_runtime, open_image_encoder, open_text_encoder
from searchindex.errors import InvalidInput, NotFound
from searchindex.extras import extra
from searchindex.models import PreparedModel, find_model, read_model
from searchindex.ports import TextEncoder, VectorStore
from searchindex.stores.qdrant_opening import open_qdrant
from service import errors, guards
from service.cache import Cache, MemoryCache
from service.encode import MAX_BATCH
from service.engine import Engine, EngineParts
from service.explanations import Explanations
from service.gauges import watch_service
from service.guards import GuardedApp
from service.heap import freeze_heap
from service.measured_explainer import MeasuredExplainer
from service.observed import Observer
from service.pictures import Pictures
from service.routes.explanations import explanation_routes
from service.routes.facets import facet_routes
from service.routes.metrics import metrics_routes
from service.routes.pictures import picture_routes
from service.routes.search import search_routes
from service.routes.status import status_routes
from service.search import Searcher
from service.setting_types import OPENAI
from service.settings import Settings
from service.shared_explanations import SharedExplanations
from service.telemetry import Telemetry, describe_stages, open_telemetry

if TYPE_CHECKING:  # its packages are not installed on a laptop
    from observability.tracing import Tracing

WEB = Path(__file__).parent / "web"
NOT_FASTAPIS = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)  # our own spans, and each once


def open_model(settings: Settings) -> PreparedModel:
    """The model that the settings name; ModelUnavailable or InvalidInput say why there is none."""
    model = read_model(settings.model_path) if settings.model_path else find_model(_card(settings), settings.models_path)
    if settings.clip_vector_dim not in (None, model.card.dim):
        raise InvalidInput(
            f"CLIP_VECTOR_DIM is {settings.clip_vector_dim}, but {model.card.name} has {model.card.dim} dimensions.",
            hint="Remove the variable, or name another model.",
        )
    if settings.model_fingerprint not in (None, model.fingerprint):
        raise InvalidInput(
            f"MODEL_FINGERPRINT is {settings.model_fingerprint}, but {model.card.name} has the fingerprint {model.fingerprint}.",
            hint="Mount the model that the collection was made with.",
        )
    return model


def _card(settings: Settings) -> ModelCard:
    try:
        return find_card(f"{settings.clip_model_name}/{settings.clip_pretrained}")
    except NotFound as error:
        raise InvalidInput(f"CLIP_MODEL_NAME and CLIP_PRETRAINED: {error.message}", hint=error.hint) from None


def open_store(settings: Settings, *, tracing: "Tracing | None" = None) -> VectorStore:
    """The embedded engine where INDEX_PATH is set, else the Qdrant server, which is told of the trace."""
    if settings.index_path is not None:
        from searchindex.stores.edge import EdgeStore  # noqa: PLC0415  # not in the images: their store is a server

        return EdgeStore(settings.index_path)
    outgoing = tracing.outgoing if tracing else list
    return open_qdrant(settings, extra="service", ef=settings.qdrant_hnsw_ef, metadata=outgoing)


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


def open_explanations(settings: Settings, cache: Cache, meter: Meter) -> Explanations | None:
    """None unless LLM_ENABLED is set; InvalidInput where the key is missing that OpenAI's own service needs."""
    if not settings.llm_enabled:
        return None
    if settings.openai_api_key is None and settings.openai_base_url == OPENAI:
        raise InvalidInput("LLM_ENABLED is set without OPENAI_API_KEY.", hint="Set it, or OPENAI_BASE_URL to a server that needs none.")
    with extra("explain"):
        from service.openai_explainer import OpenAIExplainer  # noqa: PLC0415  # not installed on a laptop
    key = settings.openai_api_key
    explainer = OpenAIExplainer(
        model=settings.llm_model,
        base_url=settings.openai_base_url,
        api_key=key.get_secret_value() if key else None,
        timeout=settings.llm_timeout,
    )
    return Explanations(MeasuredExplainer(explainer, meter), SharedExplanations(cache), concurrency=settings.llm_concurrency)


def engine_parts(settings: Settings, *, tracing: "Tracing | None" = None) -> EngineParts:
    """The product's own parts; tests hand over others."""
    model, runtime = open_model(settings), settings.runtime(threads=settings.clip_threads)
    check_runtime(model, runtime)
    # Who searches by a picture first waits for its tower to be loaded: not for a minute of compiling, too.
    pictures = replace(runtime, compiled=False)

    def open_text() -> TextEncoder:
        encoder = open_text_encoder(model, runtime, batches=MAX_BATCH)
        freeze_heap()  # the model is the last that a process loads before it serves
        return encoder

    return EngineParts(
        card=model.card,
        fingerprint=model.fingerprint,
        store=open_store(settings, tracing=tracing),
        open_text=open_text,
        open_image=lambda: open_image_encoder(model, pictures),
        queue=settings.search_queue,
        wait=settings.search_wait_ms / 1000,
    )


def create_app(settings: Settings, *, parts: EngineParts | None = None, telemetry: Telemetry | None = None) -> GuardedApp:
    """The application; the model loads in the background once it is started."""
    seen = telemetry or open_telemetry()
    engine = Engine(parts or engine_parts(settings, tracing=seen.tracing), meter=seen.meter)
    cache = open_cache(settings)
    searcher = Searcher(engine, cache)
    explanations = open_explanations(settings, cache, seen.meter)
    pictures = Pictures(engine.parts.store, root=settings.image_dir, cache=settings.cache_dir)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        if explanations is not None:
            await explanations.close()
        await engine.close()
        await cache.close()
        await window.close()
        if seen.tracing is not None:
            await asyncio.to_thread(seen.tracing.close)

    app = GuardedApp(title="searchindex", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, telemetry=NOT_FASTAPIS)
    app.state.store = engine.parts.store
    app.include_router(search_routes(searcher, settings, explanations))
    app.include_router(explanation_routes(explanations))
    app.include_router(facet_routes(engine))
    app.include_router(picture_routes(pictures))
    app.include_router(status_routes(searcher))
    app.include_router(metrics_routes(seen.exposition))
    errors.install(app)
    _serve_page(app)
    window = guards.install(app, settings, meter=seen.meter)
    _observe(app, settings, seen, searcher)
    return app


def _observe(app: GuardedApp, settings: Settings, seen: Telemetry, searcher: Searcher) -> None:
    watch_service(seen.meter, searcher)
    if seen.tracing is not None:
        describe_stages(seen.tracing, settings, searcher.engine.parts.card)
    slow = settings.log_slow_ms / 1000
    app.observer = Observer(meter=seen.meter, tracing=seen.tracing, slow=slow, log_queries=settings.log_queries)


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
