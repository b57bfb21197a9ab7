"""`/healthz`, `/readyz` and `/metrics` of the controller."""

from collections.abc import Awaitable, Callable

from aiohttp import web

Exposition = Callable[[str], tuple[bytes, str]]
Check = Callable[[], str]  # what is wrong, or an empty string


async def serve_health(*, host: str, port: int, alive: Check, ready: Check, exposition: Exposition) -> web.AppRunner:
    """Listens until the runner is cleaned up. A check that finds something wrong answers 503 with its words."""

    def handler(check: Check) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(_request: web.Request) -> web.Response:
            wrong = check()
            return web.Response(text=wrong or "ok", status=503 if wrong else 200)

        return answer

    async def metrics(request: web.Request) -> web.Response:
        body, media_type = exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": media_type})

    app = web.Application()
    app.add_routes([web.get("/healthz", handler(alive)), web.get("/readyz", handler(ready)), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
