"""Request ids: which are accepted, where they appear, and that no header makes a 5xx or a line in a log."""

import asyncio
import logging
import re

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service import errors
from service.auth import Authentication
from service.key_file import ApiKeys, KeyScope, new_key
from service.limits import MemoryWindow
from service.middleware_limits import RateLimits, limits_of
from service.middleware_peer import networks
from service.request_id import RequestIds, WithRequestId, request_id

MADE = re.compile("[0-9a-f]{32}")
log = logging.getLogger("service.test")


class Service(FastAPI):
    """As the product puts it together: outside of everything, also of what answers an unforeseen error."""

    def build_middleware_stack(self):
        return RequestIds(super().build_middleware_stack())


@pytest.fixture
def app() -> Service:
    app = Service()
    errors.install(app)

    @app.get("/search")
    async def search(request: Request) -> list[str]:
        log.info("searching")
        in_task = await asyncio.create_task(asyncio.sleep(0, request_id())) or await asyncio.to_thread(request_id)
        return [request_id(), request.state.request_id, in_task]

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError

    return app


@pytest.fixture
async def client(app: Service):
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("sent", ["a", "A-Z_09", "x" * 64, "4bf92f3577b34da6a3ce929d0e0e4736"])
async def test_a_harmless_id_is_taken(client: httpx2.AsyncClient, sent: str):
    """The caller finds its own name in the answer, and so do routes, tasks and threads of the request."""
    answer = await client.get("/search", headers={"X-Request-ID": sent})
    assert answer.headers["x-request-id"] == sent
    assert answer.json() == [sent] * 3
    assert request_id() == "-"


@pytest.mark.parametrize(
    "sent", ["", "x" * 65, "a b", "a\tb", "ä", "a;b", '"', "x" * 65_536, "${jndi:x}", "a\r\nSet-Cookie: x", "\x1b[31m"]
)
async def test_another_is_replaced(client: httpx2.AsyncClient, sent: str):
    """What could end a line, a header or a quoted string, or is long, never appears anywhere."""
    answer = await client.get("/search", headers=[(b"X-Request-ID", sent.encode())])
    assert MADE.fullmatch(answer.headers["x-request-id"])


async def test_two_ids_are_none(client: httpx2.AsyncClient):
    """Of two nobody could say which one was meant."""
    answer = await client.get("/search", headers=[("X-Request-ID", "a"), ("X-Request-ID", "b")])
    assert answer.headers.get_list("x-request-id") != ["a", "b"]
    assert MADE.fullmatch(answer.headers["x-request-id"])


async def test_every_answer_carries_one(client: httpx2.AsyncClient):
    """Also a 404, a 405, and the 500 of an unforeseen error, where it is needed most; none is given twice."""
    answers = [await client.get("/nothing"), await client.post("/search"), await client.get("/fails"), await client.get("/search")]
    assert [answer.status_code for answer in answers] == [404, 405, 500, 200]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4


async def test_log_lines_name_their_request(client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture):
    """Requests that are answered at once do not mix up their names, and the line of an unforeseen error has one too."""
    caplog.handler.addFilter(name := WithRequestId())
    caplog.set_level(logging.INFO)
    await asyncio.gather(*(client.get("/search", headers={"X-Request-ID": f"r{n}"}) for n in range(20)))
    await client.get("/fails", headers={"X-Request-ID": "failing"})
    caplog.handler.removeFilter(name)
    named = [record.request_id for record in caplog.records if record.name.startswith("service")]
    assert sorted(named) == sorted([f"r{n}" for n in range(20)] + ["failing"])


def whole(app, keys: ApiKeys):
    limits = limits_of(search="100000/second", pictures=None)
    limited = RateLimits(app, limits=limits, window=MemoryWindow(), trusted=networks("127.0.0.0/8"))
    return RequestIds(Authentication(limited, keys=keys))


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory):
    key, line = new_key("web", [KeyScope.SEARCH])
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(line)
    return key, path


NAMES = [
    b"x-request-id",
    b"traceparent",
    b"tracestate",
    b"x-forwarded-for",
    b"authorization",
    b"x-api-key",
    b"cookie",
    b"host",
    b"content-length",
]
VALUES = st.binary(max_size=200) | st.sampled_from(
    [b"x" * 65_536, b"," * 65_536, b"a\r\nX-Evil: 1", b"\x00", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-zz", b"\xff" * 99, b"9" * 5000]
)


@settings(max_examples=300, deadline=None)
@given(headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5))
@example(headers=[(b"x-request-id", b"EVIL\r\nEVIL"), (b"traceparent", b"EVIL")])
def test_no_header_makes_a_5xx_or_appears_in_an_answer(key_file, headers: list[tuple[bytes, bytes]]):
    """Header abuse is answered like any other request, and no header of an answer holds what could split it."""
    key, path = key_file
    started = []

    async def send(message):
        if message["type"] == "http.response.start":
            started.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        app = FastAPI(openapi_url=None)
        app.get("/search")(lambda: "ok")
        scope = {
            "type": "http", "method": "GET", "path": "/search", "raw_path": b"/search", "query_string": b"", "scheme": "http",
            "client": ("127.0.0.1", 1), "server": ("test", 80), "headers": [*headers, (b"x-api-key", key.encode())], "root_path": "",
        }  # fmt: skip
        await whole(app, ApiKeys(path))(scope, receive, send)

    asyncio.run(ask())
    assert started[0]["status"] in {200, 401}
    assert all(not re.search(rb"[\r\n\x00]|EVIL|x-evil", name + value) for name, value in started[0]["headers"])


RAW = [
    b"X-Request-ID: a\r\nX-Request-ID: b\r\n",
    b"X-Request-ID: EVIL\x00\r\n",
    b"X-Request-ID: EVIL\rEVIL\r\n",
    b"X-Request-ID: EVIL\n EVIL\r\n",
    b"X-Request-ID: " + b"EVIL" * 16_384 + b"\r\n",
    b"Cookie: " + b"EVIL" * 16_384 + b"\r\n",
    b"X-Forwarded-For: " + b"EVIL," * 13_000 + b"\r\n",
    b"traceparent: 00-EVIL\r\ntracestate: EVIL\r\n",
    b"Authorization: Bearer EVIL\xff\r\n",
    b": EVIL\r\n",
    b"EVIL\r\n",
    b"X-Any: EVIL\r\n" * 4000,
]


async def test_over_the_wire(key_file, caplog: pytest.LogCaptureFixture):
    """A real server answers each abuse with 2xx or 4xx, and nothing of it reaches the logs."""
    key, path = key_file
    caplog.set_level(logging.DEBUG)
    app = FastAPI(openapi_url=None)
    app.get("/search")(lambda: "ok")
    server = uvicorn.Server(uvicorn.Config(whole(app, ApiKeys(path)), port=0, lifespan="off", log_config=None, proxy_headers=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    for headers in RAW:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /search HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: " + key.encode() + b"\r\n" + headers + b"\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        assert re.match(rb"HTTP/1.1 (2|4)\d\d ", answer), (headers[:40], answer[:80])
        assert b"EVIL" not in answer
        writer.close()
        await writer.wait_closed()
    server.should_exit = True
    await serving
    assert "EVIL" not in caplog.text
    assert key not in caplog.text
