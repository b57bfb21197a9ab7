"""`python -m jobs verify` over a collection that somebody meddled with: everything is found, mended, and found to be mended."""

import asyncio
import json
import os
from pathlib import Path

import numpy as np
import pytest

from searchindex.points import PointId, point_id
from searchindex.ports import Point
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer
from tests.jobs.processes import content_of, environment, here, start
from tests.pictures import folder_of

PICTURES = 40


def verify(settings: dict[str, str], *flags: str) -> tuple[int, list[dict]]:
    """Exit status and what it printed."""
    process = start(settings, *flags, command="verify")
    out, said = process.communicate(timeout=180)
    assert out, said
    return process.returncode, [json.loads(line) for line in out.splitlines()]


def told(lines: list[dict]) -> set[tuple[str, str]]:
    return {(line["kind"], line["uri"]) for line in lines if line["event"] == "difference"}


async def meddle(store: QdrantStore, folder: Path) -> set[tuple[str, str]]:
    """Points lost, made up and misnamed; and what `meddle_with_files` does. What has to be found."""
    names = names_in(folder)
    vector = np.eye(1, (await store.state()).dim, dtype=np.float32)[0]
    await store.delete([point_id(names[0])])
    await store.upsert([Point(point_id("made-up.png"), vector, {"file_path": "made-up.png"})])
    await store.upsert([Point(PointId(7), vector, {"file_path": names[1]})])
    told = {("missing", names[0]), ("unheld", names[0]), ("misnamed", names[1]), ("phantom", "made-up.png"), ("unlisted", "made-up.png")}
    return told | meddle_with_files(folder, names)


def meddle_with_files(folder: Path, names: list[str]) -> set[tuple[str, str]]:
    """A picture changed behind the clock's back, one touched, one added, one removed."""
    changed = folder / names[2]
    before = changed.stat()
    changed.write_bytes((folder / names[3]).read_bytes().ljust(before.st_size, b"\0")[: before.st_size])
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new.png").write_bytes((folder / names[4]).read_bytes())
    (folder / names[5]).unlink()
    os.utime(folder / names[6], ns=(1, 1))
    return {("content", names[2]), ("missing", "new.png"), ("phantom", names[5]), ("changed", names[6])}


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


async def test_everything_is_found_and_mended(qdrant_server: QdrantServer, on_server: QdrantStore, collection: str, tmp_path: Path):
    """Two-way: what is missing and what is too much; afterwards the collection is that of a fresh run, and a second look finds nothing."""
    folder = folder_of(tmp_path / "pictures", PICTURES)
    settings = environment(qdrant_server, collection, folder, ledger_dir=tmp_path / "ledger")
    assert (await here(settings))[0] == 0
    status, lines = await asyncio.to_thread(verify, settings, "--deep")
    assert (status, told(lines)) == (0, set())
    expected = await meddle(on_server, folder)
    status, lines = await asyncio.to_thread(verify, settings, "--deep")
    assert (status, lines[-1]["reason"]) == (5, "Differences")
    assert told(lines) == expected
    status, lines = await asyncio.to_thread(verify, settings, "--deep", "--repair")
    assert (status, lines[-1]["repaired"], lines[-1]["left"]) == (0, len(expected), 0)
    mended = await content_of(on_server)
    await on_server.drop()
    assert (await here(settings | {"LEDGER_DIR": ""}))[0] == 0
    assert mended == await content_of(on_server)
    assert (await asyncio.to_thread(verify, settings, "--deep"))[0] == 0


async def test_too_much_is_not_removed(qdrant_server: QdrantServer, on_server: QdrantStore, collection: str, tmp_path: Path):
    """An empty mount looks like a source whose pictures are all gone: repairing refuses, as indexing does."""
    folder = folder_of(tmp_path / "pictures", 10)
    settings = environment(qdrant_server, collection, folder)
    assert (await here(settings))[0] == 0
    for name in names_in(folder):
        (folder / name).unlink()
    status, lines = await asyncio.to_thread(verify, settings, "--repair")
    assert (status, lines[-1]["reason"]) == (5, "PruneLimitExceeded")
    assert await on_server.count() == 10


@pytest.mark.parametrize("flags", [["--shard", "2/2"], ["--prune", "perhaps"], []])
def test_wrong_settings_are_told(flags: list[str]):
    """As `index` tells them."""
    status, lines = verify({}, *flags)
    assert (status, lines[-1]["reason"]) == (3, "BadConfiguration")
