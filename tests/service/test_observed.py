"""A request's line in the log."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from searchindex.errors import StoreUnavailable
from searchindex.stores.edge import EdgeStore
from service.settings import Settings
from service.telemetry import Telemetry
from tests.fakes import FakeTextEncoder
from tests.service.conftest import copy, parts_of, started
from tests.service.test_tracing import Broken

WORDS = "a red heart of whom nobody must know"


@pytest.fixture
def store(tmp_path: Path, indexed: Path) -> EdgeStore:
    copy(indexed, tmp_path)
    return EdgeStore(tmp_path / "store")


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "service.observed"]


async def search(store: EdgeStore, settings: Settings, *, error: Exception | None = None, times: int = 1) -> None:
    parts = parts_of(store, FakeTextEncoder())
    made = parts if error is None else replace(parts, store=Broken(store, error))
    async with started(settings, made, Telemetry()) as (client, _):
        for _ in range(times):
            await client.post("/search", json={"query": WORDS})
        await client.get("/health")


async def test_a_fast_answer_has_no_line(store: EdgeStore, caplog: pytest.LogCaptureFixture):
    """What is counted and traced needs no line; a probe has none whatever the settings."""
    caplog.set_level(logging.DEBUG)
    await search(store, Settings(log_slow_ms=60_000))
    assert lines(caplog) == []


async def test_a_slow_answer_says_where_its_time_went(store: EdgeStore, caplog: pytest.LogCaptureFixture):
    """One line, with the stages of `Server-Timing`; equal queries have one hash, and the words are not shown."""
    caplog.set_level(logging.INFO)
    await search(store, Settings(log_slow_ms=0), times=2)
    first, second = (vars(record) for record in lines(caplog))
    assert (first["method"], first["route"], first["status"], first["outcome"]) == ("POST", "/search", 200, "ok")
    assert set(first["stages_ms"]) == {"validate", "cache", "encode", "search", "assemble"}
    assert first["duration_ms"] >= sum(first["stages_ms"].values())
    assert first["query_hash"] == second["query_hash"]
    assert WORDS not in repr([first, second]) + caplog.text


async def test_words_are_shown_only_if_asked_for(store: EdgeStore, caplog: pytest.LogCaptureFixture):
    """LOG_QUERIES is the one way in which what people look for gets into a log."""
    caplog.set_level(logging.INFO)
    await search(store, Settings(log_slow_ms=0, log_queries=True))
    assert vars(lines(caplog)[0])["query"] == WORDS


@pytest.mark.parametrize(
    ("error", "level", "outcome"),
    [(StoreUnavailable("away"), logging.WARNING, "unavailable"), (RuntimeError("x"), logging.ERROR, "failed")],
)
async def test_a_failed_answer_has_a_line(store: EdgeStore, caplog: pytest.LogCaptureFixture, error: Exception, level: int, outcome: str):
    """However fast it failed."""
    await search(store, Settings(log_slow_ms=60_000), error=error)
    (record,) = lines(caplog)
    assert (record.levelno, vars(record)["outcome"], WORDS in caplog.text) == (level, outcome, False)


async def test_a_flood_of_refusals_does_not_flood_the_log(
    store: EdgeStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """While nothing answers, or too much is asked, one line a second says so; defects each have theirs."""
    monkeypatch.setattr("service.observed.REFUSAL_SECONDS", 60.0)
    await search(store, Settings(log_slow_ms=60_000), error=StoreUnavailable("away"), times=5)
    assert len(lines(caplog)) == 1
