"""`include_explanation` and `GET /explanations/{id}`, over HTTP, with a language model that answers well or badly."""

import asyncio
import sys
from pathlib import Path

import pytest

from searchindex.errors import InvalidInput
from searchindex.stores.edge import EdgeStore
from service.app import create_app
from service.auth import Access, access_of
from service.explanations import Explanations
from service.settings import read_settings
from tests.fakes import FakeTextEncoder
from tests.openai_server import Mode, OpenAIServer
from tests.service.conftest import Running, copy, parts_of, started

KEY = "sk-very-secret"


@pytest.fixture
async def server():
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def client(tmp_path: Path, indexed: Path, server: OpenAIServer):
    """Of a service whose language model is the server."""
    await asyncio.to_thread(copy, indexed, tmp_path)
    settings = read_settings(llm_enabled=True, openai_api_key=KEY, openai_base_url=server.base_url)
    async with started(settings, parts_of(EdgeStore(tmp_path / "store"), FakeTextEncoder())) as (client, _):
        yield client


async def explained(client, **members):
    answer = await client.post("/search", json={"query": "red heart", "include_explanation": True, **members})
    assert answer.status_code == 200
    return answer.json()


async def test_the_answer_does_not_wait(client, server: OpenAIServer):
    """Results go out while the model is still thinking; the text is under the address that came with them."""
    server.gate.clear()
    answer = await explained(client)
    assert (answer["total"], answer["explanation"]) == (10, None)
    url = answer["explanation_url"]
    assert (await client.get(url)).json() == {"status": "pending", "explanation": None, "model": "gpt-4"}
    server.gate.set()
    got = await client.get(url, params={"wait": 30})
    assert got.json() == {"status": "ready", "explanation": server.text, "model": "gpt-4"}
    assert got.headers["cache-control"] == "no-store"
    again = await explained(client)
    assert (again["explanation"], again["explanation_url"]) == (server.text, url)


async def test_without_a_budget_nothing_is_waited_for(client, monkeypatch: pytest.MonkeyPatch):
    """Not even a little: waiting is not called."""

    async def never(*_):
        raise AssertionError("somebody waits")

    monkeypatch.setattr(Explanations, "wait", never)
    assert (await explained(client))["explanation_url"]


async def test_who_wants_it_in_one_answer_waits(client, server: OpenAIServer):
    """`explanation_wait_ms` is the caller's own budget, and `Server-Timing` shows what it cost."""
    body = {"query": "red heart", "include_explanation": True, "explanation_wait_ms": 10_000}
    answer = await client.post("/search", json=body)
    assert answer.json()["explanation"] == server.text
    assert "explain;dur=" in answer.headers["server-timing"]


async def test_a_budget_that_is_over_is_no_error(client, server: OpenAIServer):
    """The results come without it."""
    server.mode = Mode.HANG
    answer = await explained(client, explanation_wait_ms=50)
    assert (answer["total"], answer["explanation"]) == (10, None)
    assert answer["explanation_url"]


async def test_who_does_not_ask_costs_nothing(client, server: OpenAIServer):
    """No request to the model, and no address."""
    answer = await explained(client, include_explanation=False, explanation_wait_ms=10_000)
    assert (answer["explanation"], answer["explanation_url"]) == (None, None)
    assert server.requests == []


BAD = [mode for mode in Mode if mode not in {Mode.SAY, Mode.HANG, Mode.DRIP}]


@pytest.mark.parametrize("mode", BAD)
@pytest.mark.fault("F-41")
async def test_a_bad_model_spoils_no_search(client, server: OpenAIServer, caplog: pytest.LogCaptureFixture, mode: Mode):
    """The same results as without it, and `unavailable` instead of an error; neither log nor answer shows the key."""
    server.mode = mode
    plain = (await client.post("/search", json={"query": "red heart"})).json()["results"]
    answer = await explained(client)
    assert answer["results"] == plain
    got = await client.get(answer["explanation_url"], params={"wait": 30})
    assert got.json() == {"status": "unavailable", "explanation": None, "model": "gpt-4"}
    assert KEY not in caplog.text + got.text + (await client.get("/health")).text + (await client.get("/stats")).text


@pytest.mark.fault("F-41")
async def test_a_model_that_hangs_spoils_no_search(client, server: OpenAIServer):
    """However many explanations hang, each search is answered, and the shutdown at the end of this test waits for none."""
    server.mode = Mode.HANG
    answers = await asyncio.gather(*(explained(client, query=f"query {n % 4}", top_k=n + 1) for n in range(8)))
    assert [answer["total"] for answer in answers] == list(range(1, 9))


async def test_a_search_by_terms_is_explained_too(client, server: OpenAIServer):
    """The model is told the terms."""
    body = {"terms": [{"text": "red"}, {"text": "a drawing", "weight": -0.4}], "include_explanation": True, "explanation_wait_ms": 10_000}
    answer = await client.post("/search", json=body)
    assert answer.json()["explanation"] == server.text
    assert server.requests[0].data["terms"] == [{"text": "red", "weight": 1.0}, {"text": "a drawing", "weight": -0.4}]


async def test_only_what_is_listed_leaves_the_house(client, server: OpenAIServer):
    """No path, no key, no hash of any picture."""
    await explained(client, explanation_wait_ms=10_000)
    assert len(server.requests[0].data["results"]) == 5
    assert all(set(result) <= {"rank", "score", "file_name", "category", "title", "tags"} for result in server.requests[0].data["results"])


@pytest.mark.parametrize("wait", ["-1", "31", "nan", "x"])
async def test_a_wait_that_is_none(client, wait: str):
    """422, as for every value out of range."""
    url = (await explained(client))["explanation_url"]
    assert (await client.get(url, params={"wait": wait})).status_code == 422


@pytest.mark.parametrize("milliseconds", [-1, 10_001, 1.5, "1", True])
async def test_a_budget_that_is_none(client, milliseconds):
    """The same in a search."""
    answer = await client.post("/search", json={"query": "x", "explanation_wait_ms": milliseconds})
    assert answer.status_code == 422


@pytest.mark.parametrize(("id", "status"), [("A" * 22, 404), ("x", 422), ("A" * 5000, 422)])
async def test_an_id_that_is_none(client, id: str, status: int):
    """Unknown is 404, impossible is 422."""
    answer = await client.get(f"/explanations/{id}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_without_a_model_there_is_nothing_to_explain(service: Running):
    """No error: a caller need not know how a service is set up."""
    answer = await explained(service.client, explanation_wait_ms=10_000)
    assert (answer["total"], answer["explanation"], answer["explanation_url"]) == (10, None, None)
    assert (await service.client.get("/explanations")).json() == {"model": None}
    assert (await service.client.get(f"/explanations/{'A' * 22}")).status_code == 404


async def test_the_model_is_named(client):
    """For the page, which then offers explanations."""
    assert (await client.get("/explanations")).json() == {"model": "gpt-4"}


@pytest.mark.parametrize("path", ["/explanations", "/explanations/x"])
def test_who_may_search_may_read_what_is_said_of_it(path: str):
    """The scope of the key is that of a search, and so is the rate limit."""
    assert access_of({"type": "http", "path": path}) is Access.SEARCH


def parts(tmp_path: Path):
    return parts_of(EdgeStore(tmp_path / "store"), FakeTextEncoder())


def test_openais_own_service_needs_a_key(tmp_path: Path):
    """Found out at the start, not at the first search."""
    with pytest.raises(InvalidInput, match="OPENAI_API_KEY"):
        create_app(read_settings(llm_enabled=True), parts=parts(tmp_path))


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without the extra the service runs; only who switches explanations on must install it."""
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.delitem(sys.modules, "service.openai_explainer", raising=False)
    create_app(read_settings(), parts=parts(tmp_path))
    with pytest.raises(InvalidInput, match=r"searchindex\[explain\]"):
        create_app(read_settings(llm_enabled=True, openai_api_key=KEY), parts=parts(tmp_path))
