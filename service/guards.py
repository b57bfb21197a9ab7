"""What stands around the routes, from the outside in: request id, observation, page headers, API key, rate limit."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.meter import NO_METER, Meter
from service.auth import Authentication, session_routes
from service.key_file import ApiKeys
from service.limits import Window, open_window
from service.middleware_limits import RateLimits, limits_of
from service.middleware_peer import networks
from service.observed import Observed, Observer
from service.request_id import RequestIds
from service.settings import Settings

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class GuardedApp(FastAPI):
    """Request ids, observation and page headers stand outside of everything, so that an unforeseen error has and meets them too."""

    observer = Observer()

    def build_middleware_stack(self) -> ASGIApp:
        return RequestIds(Observed(PageHeaders(super().build_middleware_stack()), self.observer))


def install(app: GuardedApp, settings: Settings, *, meter: Meter = NO_METER) -> Window:
    """Put the guards around the routes; the window is to be closed with the application. InvalidInput for unusable settings."""
    window = open_window(settings.rate_limit_redis_url.get_secret_value() if settings.rate_limit_redis_url else None)
    limits = limits_of(search=settings.rate_limit_search, pictures=settings.rate_limit_pictures)
    keys = ApiKeys(settings.api_keys_file, index=settings.qdrant_collection) if settings.api_keys_file else None
    app.include_router(session_routes())
    app.add_middleware(RateLimits, limits=limits, window=window, trusted=networks(settings.trusted_proxies), meter=meter)
    app.add_middleware(Authentication, keys=keys)
    return window


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
