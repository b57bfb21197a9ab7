"""`python -m jobs index` over a bucket, in processes of its own."""

import asyncio
import json
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.ledger import Outcome
from searchindex.points import point_id
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer
from tests.jobs.processes import environment, here, run, start
from tests.pictures import colour_of, picture
from tests.s3_server import BEGINNING, BUCKET, KEY, SECRET, S3Server

COUNT = 120


@pytest.fixture
def settings(s3: S3Server, qdrant_server: QdrantServer, collection: str) -> dict[str, str]:
    """A bucket of pictures, below a prefix, and what a pod would be told of it."""
    for number in range(COUNT):
        s3.put(f"photos/cats/{number:04}.png", picture(colour_of(number)))
    place = {"s3_bucket": BUCKET, "s3_prefix": "photos/", "s3_endpoint": s3.endpoint, "s3_region": "here", "source_name": "phone"}
    return environment(qdrant_server, collection, Path(), **place, index_batch_size=8) | {"IMAGE_DIR": ""}


async def test_a_bucket_is_indexed(settings: dict[str, str], s3: S3Server, on_server: QdrantStore):
    """Paths begin with the source's name, the key is kept, the sidecar is read; a second run reads nothing but that."""
    s3.put("photos/metadata.jsonl", b'{"file_path": "cats/0001.png", "title": "Tom"}')
    status, job = await here(settings)
    assert (status, job.ledger.counts) == (0, {Outcome.INDEXED: COUNT})
    (record,) = await on_server.retrieve([point_id("phone/cats/0001.png")])
    expected = {"s3_key": "photos/cats/0001.png", "file_name": "0001.png", "category": "cats", "title": "Tom"}
    assert expected.items() <= record.payload.items()
    s3.asked.clear()
    status, job = await here(settings)
    assert (status, job.ledger.counts, s3.asked) == (0, {Outcome.UNCHANGED: COUNT}, ["photos/metadata.jsonl"])


async def test_the_collection_follows_the_bucket(settings: dict[str, str], s3: S3Server, on_server: QdrantStore):
    """Changed, copied, removed, refused: as in a folder."""
    await here(settings)
    s3.put("photos/cats/0000.png", picture((1, 2, 3)))
    s3.put("photos/cats/0001.png", picture(colour_of(1)), at=BEGINNING + timedelta(days=1))
    s3.put("photos/cats/0002.png", picture((4, 5, 6)))
    s3.refused.add("photos/cats/0002.png")
    del s3.objects["photos/cats/0003.png"]
    status, job = await here(settings)
    counts = {Outcome.INDEXED: 1, Outcome.UNCHANGED: COUNT - 3, Outcome.FAILED: 1, Outcome.DELETED: 1}
    assert (status, job.ledger.counts, job.ledger.encoded) == (0, counts, 1)
    assert [(each.uri, each.reason) for each in job.ledger.problems] == [("phone/cats/0002.png", "unreadable")]
    assert await on_server.count() == COUNT - 1


async def test_an_object_that_vanishes_meanwhile(settings: dict[str, str], s3: S3Server, on_server: QdrantStore):
    """It is skipped with its reason, and costs nothing else."""
    s3.vanished.add("photos/cats/0009.png")
    status, job = await here(settings)
    assert (status, job.ledger.counts) == (0, {Outcome.INDEXED: COUNT - 1, Outcome.SKIPPED: 1})
    assert [(each.uri, each.reason) for each in job.ledger.problems] == [("phone/cats/0009.png", "vanished")]
    assert await on_server.count() == COUNT - 1


def killed_at_work(settings: Mapping[str, str]) -> int:
    """Kill -9 once some of it is done; how much was."""
    process = start(settings)
    assert process.stdout
    done = 0
    for line in process.stdout:
        if done := json.loads(line).get("processed", 0):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    return done


async def test_killed_in_the_middle(settings: dict[str, str], s3: S3Server, on_server: QdrantStore):
    """What is done is done: the next run reads the rest, and every picture is there once."""
    done = await asyncio.to_thread(killed_at_work, settings)
    stored = await on_server.count()
    assert 0 < done <= stored < COUNT
    s3.asked.clear()
    status, job = await here(settings)
    assert (status, job.ledger.encoded, len(s3.asked)) == (0, COUNT - stored, COUNT - stored)
    points = {record.id async for record in on_server.scroll()}
    assert points == {point_id(f"phone/cats/{number:04}.png") for number in range(COUNT)}


@pytest.mark.parametrize(
    ("change", "status", "reason", "said"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong-secret"}, 3, "BadConfiguration", "SignatureDoesNotMatch"),
        ({"S3_BUCKET": "another"}, 3, "BadConfiguration", "There is no bucket another"),
        ({"S3_ENDPOINT": "ftp://x"}, 3, "BadConfiguration", "S3_ENDPOINT"),
        ({"IMAGE_DIR": "."}, 3, "BadConfiguration", "exactly one"),
    ],
)
async def test_what_is_wrong_is_said(settings: dict[str, str], change: dict[str, str], status: int, reason: str, said: str):
    """In the summary, clearly, and without any credentials."""
    found, summary, errors = await asyncio.to_thread(run, settings | change)
    assert (found, summary["reason"]) == (status, reason)
    assert said in summary["message"]
    assert not any(secret in json.dumps(summary) + errors for secret in (KEY, SECRET, "wrong-secret", "quoted-token"))


@pytest.mark.parametrize("lasts", [0, 40])
async def test_a_bucket_that_fails_is_tried_again(
    lasts: int, settings: dict[str, str], s3: S3Server, on_server: QdrantStore, monkeypatch: pytest.MonkeyPatch
):
    """4, at the beginning or in the middle: no picture is counted as broken, and what was stored stays."""
    monkeypatch.setattr("jobs.bucket.PATIENCE", timedelta(seconds=0.2))
    s3.lasts = lasts
    status, job = await here(settings)
    assert (status, job.ledger.counts[Outcome.FAILED]) == (4, 0)
    assert await on_server.count() == job.ledger.counts[Outcome.INDEXED] <= lasts
    s3.lasts = COUNT * 2
    assert (await here(settings))[0] == 0
    assert await on_server.count() == COUNT
