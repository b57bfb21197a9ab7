"""The backup that the guide shows, against real Qdrant servers: what comes back is what was saved."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engines import QdrantServer, start_qdrant
from tests.faults.record import record

ROOT = Path(__file__).parents[2]
KEY = "sesame"
POINTS = [
    {"id": 2**62 + n, "vector": [n % 7 - 3.0, n % 5, 1.0, n / 100], "payload": {"file_path": f"a/{n}.png", "tags": ["x", "ü"]}}
    for n in range(300)
]
SETTINGS = {
    "vectors": {"size": 4, "distance": "Cosine"},
    "hnsw_config": {"m": 12},
    "metadata": {"searchindex": {"owner": "photos", "fingerprint": "0123456789abcdef"}},
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[QdrantServer, QdrantServer]]:
    """Two servers that know nothing of each other."""
    one, other = (start_qdrant(tmp_path_factory.mktemp(name), api_key=KEY) for name in ("one", "other"))
    yield one, other
    for server in (one, other):
        server.engine.stop()


def snapshot(*arguments: str | Path, key: str = KEY) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples/backup/snapshot.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"QDRANT_API_KEY": key}, timeout=100, check=False)  # noqa: S603  # our own


def url(server: QdrantServer) -> str:
    return f"http://{server.host}:{server.http_port}"


def ask(server: QdrantServer, method: str, path: str, body: Any = None) -> Any:
    answer = httpx2.request(method, f"{url(server)}{path}", json=body, headers={"api-key": KEY}, timeout=30)
    answer.raise_for_status()
    return answer.json()["result"]


@pytest.fixture(scope="module")
def saved(pair: tuple[QdrantServer, QdrantServer], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the first server's alias `photos`."""
    server, folder = pair[0], tmp_path_factory.mktemp("saved")
    ask(server, "PUT", "/collections/photos-r1", SETTINGS)
    ask(server, "PUT", "/collections/photos-r1/points?wait=true", {"points": POINTS})
    ask(server, "PUT", "/collections/photos-r1/index?wait=true", {"field_name": "tags", "field_schema": "keyword"})
    created = {"create_alias": {"collection_name": "photos-r1", "alias_name": "photos"}}
    ask(server, "POST", "/collections/aliases", {"actions": [created]})
    done = snapshot("save", url(server), "photos", folder)
    assert done.returncode == 0, done.stderr
    return folder


def content(server: QdrantServer) -> list[Any]:
    found: list[Any] = ask(server, "POST", "/collections/photos/points/scroll", {"limit": 1000, "with_vector": True})["points"]
    return found


def test_what_was_saved_comes_back_elsewhere(pair: tuple[QdrantServer, QdrantServer], saved: Path):
    """Ids, vectors and payloads to the last bit, settings, metadata, payload indexes and alias; the first server keeps no snapshot."""
    one, other = pair
    done = snapshot("restore", url(other), saved)
    assert done.returncode == 0, done.stderr
    assert len(content(one)) == len(POINTS)
    record("F-28", len(POINTS), [each for each in zip(content(one), content(other), strict=True) if each[0] != each[1]])
    of_one, of_other = (ask(server, "GET", "/collections/photos") for server in pair)
    assert of_one["config"] == of_other["config"]
    assert of_one["payload_schema"] == of_other["payload_schema"]
    assert ask(one, "GET", "/collections/photos-r1/snapshots") == []


def test_nothing_is_restored_over_what_is_there(pair: tuple[QdrantServer, QdrantServer], saved: Path):
    """A collection of that name stays as it is."""
    before = content(pair[0])
    done = snapshot("restore", url(pair[0]), saved)
    assert (done.returncode, content(pair[0])) == (1, before)
    assert "There is a collection photos-r1 already" in done.stderr


def test_a_damaged_file_is_not_restored(pair: tuple[QdrantServer, QdrantServer], saved: Path, tmp_path: Path):
    """One bit is enough."""
    record = json.loads((saved / "index.json").read_text())
    (tmp_path / "index.json").write_text(json.dumps(record))
    damaged = bytearray((saved / record["snapshot"]).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / record["snapshot"]).write_bytes(damaged)
    done = snapshot("restore", url(pair[1]), tmp_path)
    assert done.returncode == 1
    assert "is damaged" in done.stderr


def test_a_server_that_refuses_is_repeated(pair: tuple[QdrantServer, QdrantServer], tmp_path: Path):
    """Whoever forgot the key is told so, and no folder looks like a backup."""
    done = snapshot("save", url(pair[0]), "photos", tmp_path / "none", key="wrong")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert not (tmp_path / "none").exists()
