"""Qdrant over REST when something is wrong: with the name, the port, the key, the certificate, or with who answers."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from searchindex.stores.qdrant_rest import ANSWER_LIMIT, Access, Fixed, QdrantRest, QdrantTrouble, Trouble
from tests.engines import QdrantServer, free_ports, start_qdrant

HOST = "127.0.0.1"


@asynccontextmanager
async def answering(*answers: web.StreamResponse) -> AsyncIterator[tuple[int, list[web.Request]]]:
    """The port of a server that gives `answers` in turn, and what it was asked."""
    asked: list[web.Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return answers[len(asked) - 1]

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield runner.addresses[0][1], asked
    finally:
        await runner.cleanup()


async def trouble_of(rest: QdrantRest, path: str = "/collections") -> QdrantTrouble:
    async with rest:
        with pytest.raises(QdrantTrouble) as raised:
            await rest.request("GET", path)
    return raised.value


async def test_a_name_that_does_not_exist_is_told_from_a_server_that_is_away() -> None:
    """Only the first means that there is nothing to wait for."""
    unknown = await trouble_of(QdrantRest("qdrant.nowhere.invalid", 6333))
    away = await trouble_of(QdrantRest(HOST, free_ports(1)[0]))
    assert (unknown.trouble, away.trouble) == (Trouble.UNKNOWN_HOST, Trouble.UNREACHABLE)
    assert "qdrant.nowhere.invalid:6333" in unknown.message


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    """It accepts and says nothing."""
    with socket.create_server((HOST, 0)) as listening:
        rest = QdrantRest(HOST, listening.getsockname()[1], timeout=0.2)
        assert (await trouble_of(rest)).trouble is Trouble.UNREACHABLE


async def test_a_wrong_key_is_refused(qdrant_server: QdrantServer, tmp_path: Path) -> None:
    """By a real server that wants one; the key itself is in no message."""
    assert qdrant_server.host  # so that both are skipped alike
    server = start_qdrant(tmp_path, api_key="right")
    try:
        async with QdrantRest(HOST, server.http_port, credentials=Fixed(Access("right"))) as rest:
            assert await rest.request("GET", "/collections") == {"collections": []}
        for key in (None, "wrong"):
            trouble = await trouble_of(QdrantRest(HOST, server.http_port, credentials=Fixed(Access(key))))
            assert (trouble.trouble, trouble.status) == (Trouble.UNAUTHORIZED, 401)
            assert "wrong" not in str(trouble)
    finally:
        server.engine.stop()


class Rotating:
    """A key that was changed a moment ago."""

    def __init__(self, renewed: str) -> None:
        self._renewed = renewed

    async def current(self) -> Access:
        return Access("old")

    async def renewed(self) -> Access:
        return Access(self._renewed)


async def test_a_rotated_key_is_picked_up_without_a_failure() -> None:
    """The request is repeated once with what the Secret says now."""
    answers = web.Response(status=401), web.json_response({"result": 7})
    async with answering(*answers) as (port, asked), QdrantRest(HOST, port, credentials=Rotating("new")) as rest:
        assert await rest.request("GET", "/collections") == 7
    assert [each.headers["api-key"] for each in asked] == ["old", "new"]


async def test_a_key_that_has_not_changed_is_not_tried_again() -> None:
    """A refusal is not worth a second request with the same key."""
    async with answering(web.Response(status=403)) as (port, asked):
        assert (await trouble_of(QdrantRest(HOST, port, credentials=Rotating("old")))).trouble is Trouble.UNAUTHORIZED
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (web.Response(status=503, text="no healthy upstream"), Trouble.UNREACHABLE),
        (web.Response(status=404, text="<h1>nginx</h1>"), Trouble.REFUSED),
        (web.Response(status=200, text="secret of another service"), Trouble.REFUSED),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), Trouble.REFUSED),
        (web.json_response(["result"]), Trouble.REFUSED),
    ],
    ids=["proxy", "not-found", "text", "redirect", "list"],
)
async def test_what_is_no_qdrant_is_not_believed(answer: web.Response, trouble: Trouble) -> None:
    """Neither is it echoed: the address is chosen by whoever writes the resource, and may be another's."""
    async with answering(answer) as (port, _):
        raised = await trouble_of(QdrantRest(HOST, port))
    assert raised.trouble is trouble
    assert "secret" not in raised.message
    assert "nginx" not in raised.message


async def test_what_qdrant_says_is_said_briefly() -> None:
    """Its own words, cut."""
    answer = web.json_response({"status": {"error": "Wrong input: " + "x" * 1000}}, status=400)
    async with answering(answer) as (port, _):
        raised = await trouble_of(QdrantRest(HOST, port))
    assert "Wrong input" in raised.message
    assert len(raised.message) < 300


async def test_what_is_not_there_is_none() -> None:
    """A 404 in Qdrant's words is an answer."""
    answer = web.json_response({"status": {"error": "Not found: Collection `x` doesn't exist!"}}, status=404)
    async with answering(answer) as (port, _), QdrantRest(HOST, port) as rest:
        assert await rest.request("GET", "/collections/x") is None


async def test_an_endless_answer_is_cut_off() -> None:
    """Memory is bounded, whoever answers."""
    async with answering(web.Response(body=b" " * (ANSWER_LIMIT + 1))) as (port, _):
        assert "too long" in (await trouble_of(QdrantRest(HOST, port))).message


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear() -> None:
    """The key is not sent where TLS was asked for."""
    async with answering(web.json_response({"result": 1})) as (port, asked):
        trouble = await trouble_of(QdrantRest(HOST, port, credentials=Fixed(Access("key", ssl.create_default_context()))))
    assert trouble.trouble is Trouble.UNREACHABLE
    assert asked == []
