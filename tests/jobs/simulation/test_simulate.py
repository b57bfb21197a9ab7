"""`python -m jobs simulate`, into a server and into the embedded engine; then `benchmark` over what it made."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from jobs.__main__ import main
from jobs.simulation.points import CATEGORIES, path_of
from jobs.simulation.vectors import Simulation
from searchindex.points import point_id
from searchindex.stores.edge import EdgeStore
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, free_ports

POINTS = 2345
ROOT = Path(__file__).parents[3]


def flags(server: QdrantServer, collection: str) -> list[str]:
    ports = ["--qdrant-port", str(server.http_port), "--qdrant-grpc-port", str(server.grpc_port)]
    return ["--qdrant-host", server.host, *ports, "--qdrant-collection", collection]


def said(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def simulate(where: list[str], *more: str) -> int:
    return main(["simulate", *where, "--points", str(POINTS), "--dim", "32", "--batch", "500", *more])


@pytest.mark.usefixtures("on_server")
def test_what_is_asked_for_is_there(qdrant_server: QdrantServer, collection: str, capsys: pytest.CaptureFixture[str]):
    """Every number once, in eight categories, with the vector of its number; a second run changes nothing."""
    where = flags(qdrant_server, collection)
    assert simulate(where) == 0
    summary = said(capsys)[-1]
    assert (summary["points"], summary["structured"], summary["reason"]) == (POINTS, True, "Completed")
    assert simulate(where) == 0
    assert said(capsys)[-1]["points"] == POINTS
    assert main(["benchmark", *where, "--seed", "7", "--requests", "40", "--checked", "20", "--most-ms", "10000"]) == 0
    measured = said(capsys)[-1]
    assert (measured["recall"], measured["verdict"]["met"], set(measured["stages"])) == (1.0, True, {"search", "total"})


async def test_points_are_those_of_their_numbers(qdrant_server: QdrantServer, on_server: QdrantStore, collection: str):
    """As `index` would name them, with its payload, so that everything behind works on them."""
    command = [sys.executable, "-m", "jobs", "simulate", *flags(qdrant_server, collection), "--points", str(POINTS), "--dim", "32"]
    done = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.DEVNULL)
    assert await done.wait() == 0
    (found,) = await on_server.retrieve([point_id(path_of(1234))], with_vectors=True)
    assert np.allclose(found.vector, Simulation(32).rows(1234, 1)[0], atol=1e-6)
    assert found.payload["file_path"] == path_of(1234)
    counted = Counter([record.payload["category"] async for record in on_server.scroll()])
    assert set(counted) == set(CATEGORIES)
    assert min(counted.values()) > POINTS / 16


def test_into_the_embedded_engine_and_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """No server is needed; and whoever asks for uniform vectors is told what they are worth."""
    assert simulate(["--folder", str(tmp_path / "index")], "--uniform") == 0
    lines = said(capsys)
    assert (lines[0]["event"], lines[-1]["points"], lines[-1]["structured"]) == ("warning", POINTS, False)
    store = EdgeStore(tmp_path / "index")
    assert asyncio.run(store.count()) == POINTS
    asyncio.run(store.close())


@pytest.mark.parametrize(("command", "status"), [("simulate", 4), ("benchmark", 4)])
def test_a_server_that_is_not_there_is_told(command: str, status: int, capsys: pytest.CaptureFixture[str]):
    """By the exit status for trying again, and in a sentence."""
    (port,) = free_ports(1)
    where = ["--qdrant-host", "127.0.0.1", "--qdrant-grpc-port", str(port), "--qdrant-retry-seconds", "0"]
    assert main([command, *where, "--seed", "7"]) == status
    assert said(capsys)[-1]["reason"] == "StoreUnavailable"


@pytest.mark.parametrize("wrong", [["--points", "0"], ["--dim", "1"], ["--batch", "x"]])
def test_wrong_settings_are_named(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    """With the variable's name, before anything is done."""
    assert main(["simulate", *wrong]) == 3
    assert wrong[0].strip("-").upper() in said(capsys)[-1]["message"]
