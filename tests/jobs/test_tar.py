"""Tar files as a source, as WebDataset writes them."""

import io
import tarfile
from pathlib import Path

import pytest

from jobs.index import Indexing, index
from jobs.ledger import Outcome
from jobs.opening import open_sources
from jobs.settings import read_settings
from jobs.sidecar import annotations_in
from jobs.sources import Obstacle, Source
from jobs.stop import Stop
from jobs.tar import Tars, tar_files
from searchindex.catalogue import find_card
from searchindex.collection import CollectionConfig
from searchindex.errors import InvalidInput, NotFound
from searchindex.points import point_id
from searchindex.stores.edge import EdgeStore
from tests.fakes import DIM, FakeImageEncoder
from tests.pictures import colour_of, picture


def tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), 5
            file.addfile(member, io.BytesIO(content))
    return path


async def test_samples_become_pictures_with_their_metadata(tmp_path: Path):
    """Members are read where they lie; `.json` and `.txt` describe the picture of their name; a second run encodes nothing."""
    for number in range(2):
        members = {f"{each:03}.png": picture(colour_of(10 * number + each)) for each in range(3)}
        tar(
            tmp_path / f"part-{number}.tar",
            members | {"000.txt": b"A title\n", "001.json": b'{"tags": ["x"], "category": "c", "other": 1}'},
        )
    sources = open_sources(read_settings(image_tar=str(tmp_path / "part-*.tar")), Stop())
    store = EdgeStore(tmp_path / "store")
    await store.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    run = Indexing(
        sources=sources,
        store=store,
        encoder=FakeImageEncoder(),
        card=find_card("ResNet10-MiniLM").image,
        annotations=annotations_in(sources.sidecars()),
    )
    assert (await index(run)).counts[Outcome.INDEXED] == 6
    first, second = await store.retrieve([point_id("part-1/000.png"), point_id("part-0/001.png")])
    assert first.payload["title"] == "A title"
    assert (second.payload["tags"], second.payload["category"]) == (["x"], "c")
    assert (await index(run)).counts[Outcome.UNCHANGED] == 6
    await store.close()


def test_content_is_that_of_the_member(tmp_path: Path):
    """Hidden ones and those that are no pictures aside."""
    members = {"a/b.jpg": b"one" * 999, "c.png": b"", ".hidden/d.png": b"x", "notes.txt": b"x"}
    found = [each for each in Tars([tar(tmp_path / "t.tar", members)]).walk() if isinstance(each, Source)]
    assert {each.uri: Tars([]).read(each) for each in found} == {"t/a/b.jpg": b"one" * 999, "t/c.png": b""}


def test_links_and_names_that_lead_out_mean_nothing(tmp_path: Path):
    """Nothing is unpacked: a link is no picture, and a path with dots is a name."""
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w") as file:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    assert list(Tars([path]).walk()) == []


def test_what_is_no_tar_is_told(tmp_path: Path):
    """With its name, before anything is done; likewise where there is none, or metadata that is no object."""
    (tmp_path / "t.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(InvalidInput, match=r"t\.tar"):
        list(Tars([tmp_path / "t.tar"]).walk())
    with pytest.raises(NotFound):
        tar_files(str(tmp_path / "x-*.tar"))
    with pytest.raises(InvalidInput, match=r"a\.json"):
        list(Tars([tar(tmp_path / "u.tar", {"a.json": b"[1", "a.png": b""})]).sidecars())


def test_a_tar_that_was_cut_costs_its_last_picture(tmp_path: Path):
    """That one fails as unreadable, the others are read."""
    path = tar(tmp_path / "t.tar", {"a.png": b"a" * 600, "b.png": b"b" * 600})
    listed = [each for each in Tars([path]).walk() if not isinstance(each, Obstacle)]
    path.write_bytes(path.read_bytes()[:2100])
    assert Tars([path]).read(listed[0]) == b"a" * 600
    with pytest.raises(OSError, match="cut short"):
        Tars([path]).read(listed[1])
