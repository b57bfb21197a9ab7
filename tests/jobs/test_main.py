"""`python -m jobs index`, as a pod runs it, against a real Qdrant."""

import asyncio
import contextlib
import http.client
import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from jobs.__main__ import main
from jobs.ledger import Outcome
from searchindex.collection import CollectionConfig
from searchindex.models import read_model
from searchindex.points import point_id
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, free_ports
from tests.jobs.processes import SAMPLES, content_of, environment, finish, here, run, start
from tests.pictures import folder_of

MODEL = read_model(SAMPLES / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "pictures", 60)


async def test_it_indexes_and_says_so(folder: Path, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str, tmp_path: Path):
    """Exit status 0, one and the same summary as the last line and as the termination message, and the points are there."""
    (folder / "spoilt.png").write_bytes(b"")
    settings = environment(qdrant_server, collection, folder, termination_message_path=tmp_path / "message")
    status, summary, said = await asyncio.to_thread(run, settings)
    assert status == 0, said
    assert (summary["reason"], summary["total"], summary["indexed"], summary["failed"]) == ("Completed", 61, 60, 1)
    assert summary["fingerprint"] == MODEL.fingerprint
    left = json.loads((tmp_path / "message").read_text())
    assert left == {name: value for name, value in summary.items() if name != "event"}
    assert left["problems"][0]["uri"] == "spoilt.png"
    assert await on_server.count() == 60


@pytest.mark.fault("F-25", cases=5)
async def test_two_pods_on_one_shard(folder: Path, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str):
    """At one moment, with the other shard beside them, and again afterwards: the same points, each once."""
    settings = environment(qdrant_server, collection, folder, shard_count=2, index_batch_size=8)

    def together(*shards: int) -> list[tuple]:
        processes = [start(settings | {"JOB_COMPLETION_INDEX": str(shard)}) for shard in shards]
        return [finish(process) for process in processes]

    endings = await asyncio.to_thread(together, 0, 0, 1)
    assert [status for status, _, _ in endings] == [0, 0, 0], endings
    first = await content_of(on_server)
    assert first.keys() == {point_id(f"{'cats' if number % 2 else 'dogs'}/{number:04}.png") for number in range(60)}
    status, job = await here(settings | {"SHARD_INDEX": "0"})
    assert (status, job.ledger.encoded, job.ledger.counts[Outcome.DELETED]) == (0, 0, 0)
    assert (await content_of(on_server)).keys() == first.keys()


def wrong(tmp_path: Path) -> Iterator[tuple[dict[str, object], int, str, str]]:
    """Settings, exit status, reason, and what is said."""
    yield {"image_dir": tmp_path / "nowhere"}, 3, "BadConfiguration", "does not exist"
    yield {"model_path": tmp_path}, 3, "BadConfiguration", "no prepared model"
    yield {"model_path": "", "clip_model_name": "ViT-9"}, 3, "BadConfiguration", "no model"
    yield {"model_fingerprint": "0123456789abcdef"}, 3, "FingerprintMismatch", MODEL.fingerprint
    yield {"index_batch_size": "many"}, 3, "BadConfiguration", "INDEX_BATCH_SIZE"
    yield {"shard_index": 2, "shard_count": 2}, 3, "BadConfiguration", "no shard"
    yield {"qdrant_ca_file": tmp_path / "ca.pem"}, 3, "BadConfiguration", "QDRANT_CA_FILE"
    yield {"qdrant_grpc_port": free_ports(1)[0], "qdrant_retry_seconds": 0}, 4, "StoreUnavailable", "does not answer"


@pytest.mark.parametrize("number", range(8))
def test_what_is_wrong_decides_the_exit_status(
    number: int,
    folder: Path,
    qdrant_server: QdrantServer,
    collection: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """No retry for what stays wrong; the reason is in the termination message, whatever it was that stopped the start."""
    change, expected, reason, said = list(wrong(tmp_path))[number]
    message = tmp_path / "message"
    for name, value in environment(qdrant_server, collection, folder, termination_message_path=message, **change).items():
        monkeypatch.setenv(name, value)
    assert main(["index"]) == expected
    shown = capsys.readouterr()
    assert json.loads(shown.out.splitlines()[-1])["reason"] == reason
    assert said in json.loads(message.read_text())["message"]
    assert said in shown.err


async def test_another_models_collection_is_left_alone(folder: Path, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str):
    """Vectors of two models are never mixed, and trying again would not help."""
    await on_server.create(CollectionConfig(name=collection, dim=MODEL.card.dim, fingerprint="another"))
    assert (await here(environment(qdrant_server, collection, folder)))[0] == 3
    assert await on_server.count() == 0


async def test_the_collections_own_settings_stay(folder: Path, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str):
    """Whoever made the collection decides which fields can be filtered."""
    await on_server.create(CollectionConfig(name=collection, dim=MODEL.card.dim, fingerprint=MODEL.fingerprint, schema={}))
    assert (await here(environment(qdrant_server, collection, folder)))[0] == 0
    state = await on_server.state()
    assert state is not None
    assert (state.points, state.schema) == (60, {})


def asked_to_stop(settings: dict[str, str]) -> tuple:
    """SIGTERM once the first batch is settled."""
    process = start(settings)
    assert process.stdout
    for line in process.stdout:
        if json.loads(line).get("processed"):
            break
    process.send_signal(signal.SIGTERM)
    return finish(process)


async def test_sigterm_ends_it_in_order(qdrant_server: QdrantServer, on_server: QdrantStore, collection: str, tmp_path: Path):
    """143, what was counted is stored, and the next attempt goes on from there with its account whole."""
    settings = environment(qdrant_server, collection, SAMPLES / "pictures", index_batch_size=4, ledger_dir=tmp_path / "ledger")
    status, summary, said = await asyncio.to_thread(asked_to_stop, settings)
    assert (status, summary["reason"]) == (143, "Interrupted"), said
    assert 0 < summary["indexed"] < summary["total"] == 1465
    assert await on_server.count() == summary["indexed"]
    status, job = await here(settings | {"INDEX_BATCH_SIZE": "256"})
    assert (status, job.ledger.counts[Outcome.INDEXED], job.ledger.encoded) == (0, 1465, 1465 - summary["indexed"])


def watched(settings: dict[str, str], port: int) -> tuple[int, list[dict]]:
    """What `/progress` said while it ran; its output is read all the while, as a node does."""
    with ThreadPoolExecutor(1) as reader:
        ending, seen = reader.submit(run, settings), []
        while not wait([ending], timeout=0.05).done:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
                connection.request("GET", "/progress")
                seen.append(json.loads(connection.getresponse().read()))
        return ending.result()[0], seen


async def test_progress_can_be_watched(qdrant_server: QdrantServer, on_server: QdrantStore, collection: str):
    """From the pod's own port, while it runs: counts that only grow."""
    (port,) = free_ports(1)
    settings = environment(qdrant_server, collection, SAMPLES / "pictures", index_batch_size=32, progress_port=port)
    status, seen = await asyncio.to_thread(watched, settings, port)
    processed = [each["processed"] for each in seen if each]
    assert status == 0
    assert processed == sorted(processed)
    assert any(0 < count < 1465 for count in processed)
    assert await on_server.count() == 1465


def test_flags_say_the_same_as_variables(
    folder: Path,
    qdrant_server: QdrantServer,
    collection: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """For people: `--shard i/n`, and every variable but the key as a flag; a wrong one is refused."""
    for name, value in environment(qdrant_server, collection, folder, image_dir="").items():
        monkeypatch.setenv(name, value)
    given = ["index", "--image-dir", str(folder), "--include", "cats/*", "--prune", "false", "--shard"]
    assert main([*given, "1/3"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["shard"], summary["shards"]) == (1, 3)
    assert 0 < summary["total"] < 30
    assert main([*given, "3/3"]) == 3
    with pytest.raises(SystemExit):
        main(["index", "--qdrant-api-key", "seen-by-all"])
