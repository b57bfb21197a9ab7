"""A stand-in for the service: answers as the HTTP API does, from pictures drawn on the fly.

`python -m tests.service.web.stub` serves it by hand.
"""

import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from xml.sax.saxutils import escape

import uvicorn
from fastapi import APIRouter, FastAPI, Form, Response, UploadFile
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth import Authentication, session_routes
from service.key_file import ApiKeys

WEB = Path(__file__).parents[3] / "service" / "web"
CSP = b"default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; frame-ancestors 'none'"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">\u202egpj.exe"
COLOURS = ["red", "orange", "gold", "green", "teal", "blue", "purple", "pink", "brown", "grey"]
THINGS = {
    "animals-nature": ["cat", "dog", "tree"],
    "food-drink": ["apple", "cake", "soup"],
    "objects": ["lamp", "key"],
    "symbols": ["heart", "star"],
}
SHAPES = [(320, 320), (480, 320), (320, 480), (640, 360)]


@dataclass(frozen=True)
class Picture:
    """A picture of the stand-in index; `key` needs more digits than a JavaScript number holds."""

    key: str
    name: str
    category: str
    svg: str
    width: int
    height: int

    @property
    def metadata(self) -> dict[str, Any]:
        named = {
            "file_name": f"{self.name}.svg",
            "file_path": f"{self.category}/{self.name}.svg",
            "title": self.name,
            "tags": self.name.split(),
        }
        return {**named, "width": self.width, "height": self.height, "category": self.category, "format": "svg"}


def drawing(name: str, colour: str, width: int, height: int) -> str:
    """A coloured picture that says what it is."""
    disc = f'<circle cx="50%" cy="45%" r="{min(width, height) // 4}" fill="white" opacity=".35"/>'
    text = f'<text x="50%" y="85%" text-anchor="middle" font-size="28" fill="white">{escape(name)}</text>'
    size = f'width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="100%" height="100%" fill="{colour}"/>{disc}{text}</svg>'


def catalogue() -> list[Picture]:
    """Every thing in every colour, and one picture whose name attacks the page."""
    named = [(f"{colour} {thing}", colour, category) for category, things in THINGS.items() for thing in things for colour in COLOURS]
    named.append((HOSTILE, "black", "symbols"))
    shaped = [(at, *entry, *SHAPES[at % len(SHAPES)]) for at, entry in enumerate(named)]
    first = 9007199254740993  # the first integer that a JavaScript number rounds
    return [Picture(str(first + 2 * at), name, category, drawing(name, colour, w, h), w, h) for at, name, colour, category, w, h in shaped]


class TextQuery(BaseModel):
    """`POST /search`."""

    query: str = Field(min_length=1, max_length=512)
    top_k: int = Field(ge=1, le=100)
    score_threshold: float = Field(default=0, ge=0, le=1)
    filters: dict[str, list[str]] = {}
    offset: int = Field(default=0, ge=0)


class SimilarQuery(BaseModel):
    """`POST /search/similar`."""

    key: str
    top_k: int = Field(ge=1, le=100)
    score_threshold: float = Field(default=0, ge=0, le=1)
    filters: dict[str, list[str]] = {}
    offset: int = Field(default=0, ge=0)


@dataclass
class Stub:
    """The index and what tests may change about the service."""

    pictures: list[Picture] = field(default_factory=catalogue)
    delays: dict[str, float] = field(default_factory=dict)  # query -> seconds
    failures: list[tuple[int, dict[str, str], dict[str, str]]] = field(default_factory=list)  # (status, problem, headers), one per search
    pictures_allowed: bool = True
    uploads: list[bytes] = field(default_factory=list)
    latency: float = 0.0
    explained_by: str | None = None  # a language model
    explanation: str | None = None  # what it says; None where it fails
    keys: ApiKeys | None = None  # with keys, the door is that of the service itself

    def scored(self, query: str) -> list[tuple[float, Picture]]:
        words = set(query.lower().split())
        scores = ((len(words & set(picture.name.lower().split())), picture) for picture in self.pictures)
        return [(0.18 + 0.1 * score / len(words), picture) for score, picture in sorted(scores, key=lambda pair: -pair[0]) if score]

    def find(self, key: str) -> Picture | None:
        return next((picture for picture in self.pictures if picture.key == key), None)


def problem(status: int, title: str, *, headers: dict[str, str] | None = None, **fields: str) -> JSONResponse:
    """RFC 9457, as every error of the service."""
    content = {**fields, "type": "about:blank", "title": title, "status": status}
    return JSONResponse(content, status, {**(headers or {}), "Content-Type": "application/problem+json"})


def answer(found: list[tuple[float, Picture]], query: str, filters: dict[str, list[str]], offset: int, top_k: int) -> JSONResponse:
    """A page of what was found."""
    kept = [(score, picture) for score, picture in found if picture.category in filters.get("category", [picture.category])]
    page = kept[offset : offset + top_k]
    results = [{"id": int(picture.key), "key": picture.key, "score": score, "metadata": picture.metadata} for score, picture in page]
    body = {"query": query, "results": results, "total": len(kept), "latency_ms": 9.4, "cached": False}
    body |= {"explanation": None, "explanation_url": "/below/explanations/some-id"}
    timing = 'validate;dur=0.1, cache;dur=0.4;desc="miss, then stored", encode;dur=6.1, search;dur=2.0, assemble;dur=0.8'
    return JSONResponse(body, headers={"Server-Timing": timing})


def guarded(app: ASGIApp, stub: Stub) -> ASGIApp:
    """The headers that the service sends with everything, and the failures that a test asked for."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                lasting = [(b"cache-control", b"max-age=60")] if message["status"] == HTTPStatus.OK else []  # never a refusal
                message["headers"] = [*message["headers"], (b"content-security-policy", CSP), *lasting]
            await send(message)

        if scope["path"].startswith("/search") and stub.failures:
            status, fields, headers = stub.failures.pop(0)
            await problem(status, headers=headers, **{"title": "Error", **fields})(scope, receive, send)
        else:
            await Authentication(app, keys=stub.keys)(scope, receive, send_with_headers)

    return call


def explanation_routes(stub: Stub) -> APIRouter:
    """A language model that is never slow."""
    router = APIRouter()

    @router.get("/explanations")
    async def explained_by() -> dict[str, Any]:
        return {"model": stub.explained_by}

    @router.get("/explanations/some-id")
    async def explanation() -> dict[str, Any]:
        status = "unavailable" if stub.explanation is None else "ready"
        return {"status": status, "explanation": stub.explanation, "model": stub.explained_by}

    return router


def create_app(stub: Stub) -> FastAPI:
    """The routes that the page uses."""
    app = FastAPI()
    app.include_router(session_routes())
    app.include_router(explanation_routes(stub))

    @app.post("/search")
    async def search(query: TextQuery) -> Response:
        await asyncio.sleep(stub.delays.get(query.query, stub.latency))
        found = [pair for pair in stub.scored(query.query) if pair[0] >= query.score_threshold]
        return answer(found, query.query, query.filters, query.offset, query.top_k)

    @app.post("/search/similar")
    async def similar(query: SimilarQuery) -> Response:
        picture = stub.find(query.key)
        if picture is None:
            return problem(404, "Not found", detail="No picture has this key.")
        return answer([pair for pair in stub.scored(picture.name) if pair[1] is not picture], "", query.filters, query.offset, query.top_k)

    @app.post("/search/image")
    async def image(
        file: UploadFile, top_k: Annotated[int, Form()], filters: Annotated[str, Form()] = "{}", offset: Annotated[int, Form()] = 0
    ) -> Response:
        if not stub.pictures_allowed:
            return problem(501, "Not implemented", detail="Search by picture is switched off.")
        stub.uploads.append(await file.read())
        return answer(stub.scored("heart"), "", json.loads(filters), offset, top_k)

    @app.get("/collection")
    async def collection() -> dict[str, Any]:
        return {"name": "stub", "points": len(stub.pictures), "model": "stub", "fields": {"category": "keyword"}}

    @app.get("/facets")
    async def facets(field: str) -> dict[str, Any]:
        return {"field": field, "counts": Counter(picture.category for picture in stub.pictures)}

    @app.get("/thumbnails/{key}")
    @app.get("/images/{key}")
    async def picture(key: str) -> Response:
        found = stub.find(key)
        return Response(found.svg, media_type="image/svg+xml") if found else problem(404, "Not found")

    @app.get("/")
    async def page() -> Response:
        return FileResponse(WEB / "index.html")

    app.mount("/web", StaticFiles(directory=WEB))
    return app


@contextmanager
def running(stub: Stub, port: int = 0) -> Iterator[str]:
    """Serves in a thread; yields the address."""
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(guarded(create_app(stub), stub), log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


if __name__ == "__main__":
    with running(Stub(), 8808):
        threading.Event().wait()
