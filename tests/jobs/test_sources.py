"""What every place of pictures owes the pipeline: a folder and a bucket pass the same suite."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.bucket import Bucket, Place
from jobs.folder import Folder
from jobs.sidecar import Annotation, annotations_in
from jobs.sources import Selection, Sidecar, Source, Sources
from searchindex.errors import InvalidImage
from tests.s3_server import BUCKET, S3Server

Files = dict[str, bytes]
Make = Callable[[Files], Sources]


@pytest.fixture(params=["folder", "bucket"])
def make(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Server) -> Make:
    """Sources with these files."""

    def folder(files: Files) -> Sources:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
        return Folder(tmp_path)

    def bucket(files: Files) -> Sources:
        for name, content in files.items():
            s3.put(f"some/where/{name}", content)
        return bucket_of(s3, prefix="some/where/")

    return folder if request.param == "folder" else bucket


def bucket_of(s3: S3Server, *, bucket: str = BUCKET, **more: str) -> Bucket:
    return Bucket(Place(bucket=bucket, endpoint=s3.endpoint, region="here", **more), patience=timedelta(seconds=0.2))


def listed(sources: Sources, **selection: list[str]) -> dict[str, Source]:
    return {each.uri: each for each in sources.walk(selection=Selection(**selection)) if isinstance(each, Source)}


NAMES = ["b/2.PNG", "b/1.jpeg", "a.tif", "odd/a #1 50% ü+&=?.jpg"]


def test_pictures_are_listed_and_read(make: Make):
    """By suffix, hidden ones aside, with size and content, whatever their names are."""
    others = ["notes.txt", "b/.hidden.png", ".git/x.png", "c.gif", "metadata.jsonl"]
    sources = make({name: name.encode() for name in (*NAMES, *others)})
    found = listed(sources)
    assert sorted(found) == sorted(NAMES)
    assert list(found) == list(listed(sources))
    assert {uri: (sources.read(each), each.size) for uri, each in found.items()} == {
        uri: (uri.encode(), len(uri.encode())) for uri in NAMES
    }


def test_many_in_several_pages(make: Make):
    """None is lost between two answers."""
    files = {f"{number % 3}/{number}.png": b"x" for number in range(250)}
    assert listed(make(files)).keys() == files.keys()


def test_patterns(make: Make):
    """Over paths below the source."""
    sources = make(dict.fromkeys(("a/1.png", "a/thumbs/1.png", "b/2.jpg"), b"x"))
    assert list(listed(sources, include=["a/*"], exclude=["*/thumbs/*"])) == ["a/1.png"]


def content_of(sidecar: Sidecar) -> str:
    with sidecar.open() as file:
        return file.read().decode()


def test_sidecars(make: Make):
    """The source's own first, then those of its first-level folders."""
    names = ("a/metadata.jsonl", "metadata.jsonl", "b/metadata.parquet", "b/metadata.jsonl", "a/b/metadata.jsonl", ".c/metadata.jsonl")
    found = list(make({name: name.encode() for name in names}).sidecars())
    wanted = [("", names[1]), ("a", names[0]), ("b", names[3]), ("b", names[2])]
    assert [(each.folder, content_of(each)) for each in found] == wanted


def test_a_sidecar_is_read_where_it_is_wanted(make: Make):
    """Of a large one little may be wanted, and that from its end."""
    content = bytes(range(256)) * 50
    (found,) = make({"metadata.parquet": content}).sidecars()
    with found.open() as file:
        assert file.seek(-100, 2) == len(content) - 100
        assert (file.read(10), file.tell()) == (content[-100:-90], len(content) - 90)
        assert file.seek(300) == 300
        assert (file.read(5), file.seek(7, 1), file.read()) == (content[300:305], 312, content[312:])
        assert file.read(1) == b""


def test_parquet_beside_the_pictures(make: Make):
    """It is read in place, wherever that is."""
    written = BytesIO()
    pq.write_table(pa.table({"file_path": [f"{number}.png" for number in range(5000)], "title": ["x"] * 5000}), written)
    found = annotations_in(make({"a/metadata.parquet": written.getvalue()}).sidecars())
    assert (len(found), found["a/4999.png"]) == (5000, Annotation(title="x"))


def test_what_is_too_large_is_not_read(make: Make, monkeypatch: pytest.MonkeyPatch):
    """Memory is bounded by what the decoder takes."""
    monkeypatch.setattr("jobs.sources.MOST_BYTES", 10)
    sources = make({"large.png": b"x" * 11, "small.png": b"x" * 10})
    found = listed(sources)
    assert len(sources.read(found["small.png"])) == 10
    with pytest.raises(InvalidImage) as caught:
        sources.read(found["large.png"])
    assert caught.value.reason == "too-large"


def test_what_vanished_says_so(make: Make, s3: S3Server, tmp_path: Path):
    """It is told apart from what cannot be read."""
    sources = make({"a.png": b"x"})
    (found,) = listed(sources).values()
    s3.objects.clear()
    (tmp_path / "a.png").unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        sources.read(found)
