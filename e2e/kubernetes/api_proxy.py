"""Between a controller and the API server: counts its writes, and kills it right before or right after the one that it is told.

Only on loopback. Leases are let through uncounted: they are written by the clock, not by what is decided.
"""

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml
import yarl
from aiohttp import web

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
HOP = {"host", "transfer-encoding", "connection", "content-length", "content-encoding", "accept-encoding"}


@dataclass(slots=True)
class ApiProxy:
    """`kubeconfig`: of the real API server. `kill` is called in the proxy's thread. Set `kill_at` to 0 to only count."""

    kubeconfig: Path
    folder: Path
    kill: Callable[[], None] = lambda: None
    kill_at: int = 0
    kill_after: bool = False
    writes: list[str] = field(default_factory=list)
    down: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _session: aiohttp.ClientSession | None = None
    _server: str = ""

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10), "the proxy does not start"
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(10)

    def plain_kubeconfig(self) -> Path:
        """A kubeconfig that leads here, without credentials: the proxy has them."""
        path = self.folder / "proxied.conf"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxied", "cluster": {"server": self.url}}],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [{"name": "proxied", "context": {"cluster": "proxied", "user": "nobody"}}],
            "current-context": "proxied",
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def arm(self, *, at: int, after: bool, kill: Callable[[], None]) -> None:
        self.writes.clear()
        self.kill_at, self.kill_after, self.kill = at, after, kill

    def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.new_event_loop()
        runner = self._loop.run_until_complete(self._start())
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end(runner))
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        self._server, context = _credentials(self.kubeconfig, self.folder)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=0), timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False
        )
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _end(self, runner: web.AppRunner) -> None:
        await runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.down.is_set():
            return web.json_response({"kind": "Status", "status": "Failure", "message": "down", "code": 503}, status=503)
        counted = request.method in WRITES and "/leases" not in request.path
        if counted:
            self.writes.append(f"{request.method} {request.path}")
        at = counted and len(self.writes) == self.kill_at
        if at and not self.kill_after:
            self.kill()
            return web.Response(status=503)
        answer = await self._pass_on(request)
        if at:
            self.kill()
        return answer

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        body = await request.read() or None  # a body, if only an empty one, would get a type that the API server refuses
        url = yarl.URL(f"{self._server}{request.raw_path}", encoded=True)
        async with self._session.request(request.method, url, headers=headers, data=body, allow_redirects=False) as upstream:
            kept = {name: value for name, value in upstream.headers.items() if name.lower() not in HOP}
            answer = web.StreamResponse(status=upstream.status, headers=kept)
            await answer.prepare(request)
            async for piece in upstream.content.iter_any():
                if self.down.is_set():
                    break
                await answer.write(piece)
            return answer


def _credentials(kubeconfig: Path, folder: Path) -> tuple[str, ssl.SSLContext]:
    """Server and client certificate of the current context."""
    document: Any = yaml.safe_load(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    certificate = folder / "client.pem"
    certificate.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
    certificate.chmod(0o600)
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    context.load_cert_chain(certificate)
    return str(cluster["server"]), context
