"""Kubernetes' HTTP API on loopback over `objects.py`: the paths, methods, content types and error bodies that a client meets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.controller.objects import Manifest, Objects, Refused

KINDS = {"searchindexes", "jobs", "pods", "secrets", "events", "leases", "namespaces"}


class ApiServer:
    """`answer`: set, every request is answered with it; `stall`: set, requests are never answered."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.answer: web.Response | None = None
        self.stall: asyncio.Event | None = None
        self.requests: list[web.Request] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.stall is not None:
            await self.stall.wait()
        if self.answer is not None:
            return self.answer
        try:
            return web.json_response(self._served(request, await request.read()))
        except Refused as error:
            body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": error.message, "code": error.status}
            return web.json_response(body, status=error.status)

    def _served(self, request: web.Request, body: bytes) -> Manifest:
        kind, namespace, name, subresource = _place(request.path)
        document = json.loads(body) if body else None
        match request.method, name:
            case "GET", "":
                labels = dict(part.split("=", 1) for part in request.query.get("labelSelector", "").split(",") if part)
                return {"items": self.objects.listed(kind, namespace, labels), "metadata": {}}
            case "GET", _:
                return self.objects.get(kind, namespace, name)
            case "POST", _:
                return self.objects.create(kind, namespace, document)
            case "PUT", _:
                return self.objects.replace(kind, namespace, name, document)
            case "DELETE", _:
                self.objects.delete(kind, namespace, name, foreground=_propagation(request, document) == "Foreground")
                return {"kind": "Status", "status": "Success"}
            case "PATCH", _:
                return self._patched(request, (kind, namespace, name, subresource), document)
        raise Refused(405, "no such method")

    def _patched(self, request: web.Request, where: tuple[str, str, str, str], change: Any) -> Manifest:
        kind, namespace, name, subresource = where
        match request.content_type, subresource:
            case "application/merge-patch+json", "":
                return self.objects.merge(kind, namespace, name, change)
            case "application/apply-patch+yaml", "":
                if request.query.get("fieldManager") != "searchindex-controller" or request.query.get("force") != "true":
                    raise Refused(409, "conflict with another field manager")
                return self.objects.apply(kind, namespace, name, change)
            case "application/merge-patch+json", "status":
                return self.objects.merge_status(kind, namespace, name, change["status"])
            case "application/json-patch+json", "status":
                assert [(each["op"], each["path"]) for each in change] == [("add", "/status")], "all that is emulated"
                return self.objects.set_status(kind, namespace, name, change[0]["value"])
        raise Refused(415, f"no such patch: {request.content_type} {subresource}")


@asynccontextmanager
async def api_server() -> AsyncIterator[ApiServer]:
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def _place(path: str) -> tuple[str, str, str, str]:
    """Plural, namespace, name and subresource of a path below /api/v1 or /apis/<group>/<version>."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    if parts[0] not in KINDS:
        raise Refused(404, "the server could not find the requested resource")
    kind, name, subresource, *_ = *parts, "", "", ""
    return kind, namespace, name, subresource


def _propagation(request: web.Request, body: Any) -> str:
    return str(request.query.get("propagationPolicy") or (body or {}).get("propagationPolicy", "Background"))
