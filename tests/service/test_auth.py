"""API keys: the file of them, its rotation, and who may ask what."""

import hashlib
import hmac
import logging
import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request

from searchindex.stores.edge import EdgeStore
from service.app import create_app
from service.auth import Access, Authentication, access_of, session_routes
from service.key_file import ApiKeys
from service.settings import Settings
from tests.fakes import FakeTextEncoder
from tests.service.conftest import parts_of
from tests.service.key_samples import (
    OPERATOR,
    SEARCHER,
    STRANGER,
    Clock,
)

OPEN = ["/", "/web/app.js", "/livez", "/readyz", "/health"]
SEARCH = ["/search", "/collection", "/search/similar", "/search/image", "/facets", "/thumbnails/1", "/images/1", "/openapi.json"]
ADMIN = ["/stats", "/metrics", "/route-of-tomorrow", "/searching", "/stats/", "//livez"]


def stub() -> FastAPI:
    """Every path answers with the name of the key."""
    app = FastAPI(openapi_url=None)
    app.include_router(session_routes())

    @app.api_route("/{path:path}", methods=["GET", "HEAD", "POST"])
    async def any_path(request: Request) -> str:
        return request.scope.get("state", {}).get("key_name", "nobody")

    return app


def client_of(app) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize(
    ("paths", "statuses"), [(OPEN, (200, 200, 200, 200)), (SEARCH, (401, 401, 200, 200)), (ADMIN, (401, 401, 403, 200))]
)
async def test_every_path_with_every_kind_of_key(keys: ApiKeys, method: str, paths: list[str], statuses: tuple[int, ...]):
    """What a path asks for is what it gets: no key, a wrong one, one for searching, one for administration."""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        for path in paths:
            for headers, status in zip(({}, bearer(STRANGER), bearer(SEARCHER), bearer(OPERATOR)), statuses, strict=True):
                answer = await client.request(method, f"http://test{path}", headers=headers)
                assert answer.status_code == status, (path, headers)
                assert status == 200 or answer.headers["www-authenticate"].startswith("Bearer")


async def test_every_route_of_the_service_is_decided_upon(keys: ApiKeys, tmp_path: Path):
    """A route of the real application answers nobody without a key, unless it stands here; a new one must be listed."""
    app = create_app(Settings(), parts=parts_of(EdgeStore(tmp_path / "store"), FakeTextEncoder()))
    paths = {(path, method) for path, operations in app.openapi()["paths"].items() for method in operations}
    assert len(paths) >= 10
    async with client_of(Authentication(app, keys=keys)) as client:
        for path, method in paths:
            actual = path.replace("{key}", "1")
            client.cookies.clear()  # that of /session
            anonymous, wrong, searching, operating = [
                (await client.request(method, actual, headers=headers)).status_code
                for headers in ({}, bearer(STRANGER), bearer(SEARCHER), bearer(OPERATOR))
            ]
            opens = actual in OPEN
            assert (anonymous == 401, wrong == 401) == (not opens, not opens), actual
            assert (searching == 403) == (actual in ADMIN), actual
            assert operating not in {401, 403}, actual


@pytest.mark.parametrize(("headers", "challenge"), [({}, 'Bearer realm="searchindex"'), (bearer(STRANGER), 'error="invalid_token"')])
async def test_a_refusal_has_the_one_shape(keys: ApiKeys, headers, challenge: str):
    """401 is a problem document that says how to send a key, with the challenge of RFC 6750."""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        answer = await client.post("/search", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert (answer.json()["type"], challenge in answer.headers["www-authenticate"]) == ("/docs/problems#unauthorized", True)
    assert ("error=" in answer.headers["www-authenticate"]) == bool(headers)


async def test_a_missing_scope_is_named(keys: ApiKeys):
    """403 says which scope there would have to be."""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        answer = await client.get("/stats", headers=bearer(SEARCHER))
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert 'error="insufficient_scope", scope="admin"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("X-API-Key", SEARCHER)], 200),
        ([("authorization", f"bEARER   {SEARCHER} ")], 200),
        ([("Authorization", "Basic dTpw"), ("X-API-Key", SEARCHER)], 200),
        ([("Authorization", f"Bearer {SEARCHER}"), ("X-API-Key", SEARCHER)], 200),
        ([("Authorization", f"Bearer {SEARCHER}"), ("X-API-Key", OPERATOR)], 401),
        ([("X-API-Key", SEARCHER), ("X-API-Key", OPERATOR)], 401),
        ([("Authorization", SEARCHER)], 401),
        ([("Authorization", f"Basic {SEARCHER}")], 401),
        ([("Authorization", "Bearer")], 401),
        ([("X-API-Key", "")], 401),
        ([("X-API-Key", SEARCHER[:-1])], 401),
        ([("X-API-Key", SEARCHER.upper())], 401),
        ([("X-API-Key", hashlib.sha256(SEARCHER.encode()).hexdigest())], 401),
        ([("X-API-Key", b"\xff\x00\xfe")], 401),
        ([("X-API-Key", "si_" + "A" * 65_536)], 401),
    ],
)
async def test_ways_to_send_a_key(keys: ApiKeys, headers, status: int):
    """Two headers are known, a proxy's own is not mistaken, and two different keys are refused as ambiguous."""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        answer = await client.post("/search", headers=headers)
    assert answer.status_code == status
    assert status != 200 or answer.json() == "web"


async def test_without_a_file_the_service_is_open():
    """On a laptop nobody is asked for a key."""
    async with client_of(Authentication(stub(), keys=None)) as client:
        assert {(await client.get(path)).status_code for path in OPEN + SEARCH + ADMIN[:-1]} == {200}
        assert "set-cookie" not in (await client.post("/session")).headers


async def test_the_name_of_the_key_cannot_be_brought_along(keys: ApiKeys):
    """What stands behind learns the name from the file alone, and none on an open path."""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        assert (await client.get("/search", headers=bearer(OPERATOR))).json() == "ops"
        assert (await client.get("/livez", headers=bearer(OPERATOR))).json() == "nobody"


async def test_the_cookie_opens_pictures_and_nothing_else(keys: ApiKeys):
    """A page's <img> is served after `POST /session`; no search runs by a cookie, nor anything that could be forged from another site."""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        assert (await client.post("/session")).status_code == 401
        assert (await client.get("/thumbnails/1")).status_code == 401
        given_ = (await client.post("/session", headers=bearer(SEARCHER))).headers["set-cookie"]
        assert re.fullmatch(r"searchindex-key=\S+; Path=/; HttpOnly; SameSite=Strict", given_)
        assert (await client.get("/thumbnails/1")).status_code == (await client.head("/images/1")).status_code == 200
        refused = [await client.post("/images/1"), await client.get("/search"), await client.get("/facets"), await client.post("/session")]
        assert [answer.status_code for answer in refused] == [401] * 4
        assert (await client.get("/images/1", headers=bearer(STRANGER))).status_code == 401
        assert "Max-Age=0" in (await client.delete("/session", headers=bearer(SEARCHER))).headers["set-cookie"]
        assert (await client.get("/thumbnails/1")).status_code == 401


async def test_the_cookie_is_for_tls_where_there_is_tls(keys: ApiKeys):
    """Behind a proxy that speaks TLS the cookie never goes over a plain connection."""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        answer = await client.post("/session", headers={**bearer(SEARCHER), "X-Forwarded-Proto": "https"})
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("path", "root", "access"),
    [
        ("/web/stats", "/web", Access.ADMIN), ("/api/stats", "/api", Access.ADMIN), ("/api/livez", "/api", Access.OPEN),
        ("/web/x", "", Access.OPEN), ("/web", "", Access.ADMIN), ("/apiweb/x", "/api", Access.ADMIN), ("", "", Access.ADMIN),
        ("/stats", "/web", Access.ADMIN), ("/Livez", "", Access.ADMIN), ("/images/", "", Access.PICTURES),
    ],
)  # fmt: skip
def test_paths_are_read_as_the_router_reads_them(path: str, root: str, access: Access):
    """No prefix of a proxy makes a closed route look like an open one."""
    assert access_of({"type": "http", "path": path, "root_path": root}) is access


async def test_websockets_are_closed(keys: ApiKeys):
    """What is no HTTP does not slip by."""
    sent = []

    async def send(message):
        sent.append(message)

    await Authentication(stub(), keys=keys)({"type": "websocket", "path": "/search", "headers": []}, None, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_comparing_takes_all_entries_in_constant_time(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch):
    """Neither a hit nor a miss ends the search early, and each comparison is the one that takes equally long."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b))
    for key in (SEARCHER, OPERATOR, STRANGER):
        keys.find(key.encode())
    assert len(compared) == 3 * 2
    assert {len(digest) for digest in compared} == {32}


async def test_no_key_is_ever_shown(keys: ApiKeys, file: Path, clock: Clock, caplog: pytest.LogCaptureFixture):
    """Neither answers nor logs hold a key, its hash or a part of it, not even of a key that was pasted into the file by mistake."""
    caplog.set_level(logging.DEBUG)
    shown = ""
    async with client_of(Authentication(stub(), keys=keys)) as client:
        for key in (SEARCHER, OPERATOR, STRANGER):
            for path in SEARCH + ADMIN:
                for headers in (bearer(key), {"X-API-Key": key}, {"Cookie": f"searchindex-key={key}"}, bearer(key + "x")):
                    answer = await client.get(f"http://test{path}", headers=headers)
                    shown += answer.text + str(answer.headers)
        file.write_text(f"web:search:{STRANGER}\n")  # noqa: ASYNC240  # a few bytes
        clock.now = 2
        assert (await client.get("/search", headers=bearer(SEARCHER))).status_code == 200
    shown += caplog.text + repr([record.args for record in caplog.records if record.name.startswith("service")])
    assert "key file" in shown
    for key in (SEARCHER, OPERATOR, STRANGER):
        assert key[3:15] not in shown
        assert hashlib.sha256(key.encode()).hexdigest()[:12] not in shown
