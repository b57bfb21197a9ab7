"""Metadata beside the pictures."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.folder import Folder
from jobs.sidecar import NAMES, Annotation, annotations_in
from searchindex.errors import InvalidInput


def written(folder: Path, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / NAMES[0]).write_text("\n".join(lines) + "\n")
    return folder


def read(root: Path) -> dict[str, Annotation]:
    return annotations_in(Folder(root).sidecars())


def test_what_people_say_of_their_pictures(tmp_path: Path):
    """Category, title, tags and free attributes are taken over; empty lines are nothing."""
    line = '{"file_path": "a.png", "category": "cats", "tags": ["grey"], "title": "Tom", "attributes": {"x": 1}}'
    assert read(written(tmp_path, line, "", "")) == {"a.png": Annotation(category="cats", title="Tom", tags=("grey",), attributes={"x": 1})}


def test_the_nearest_wins(tmp_path: Path):
    """Each first-level folder may speak for its own pictures, as a source that is mounted there does; deeper and hidden ones do not."""
    written(tmp_path, '{"file_path": "photos/a.png", "title": "far", "tags": ["x"]}', '{"file_path": "photos/b.png", "title": "far"}')
    photos = written(tmp_path / "photos", '{"file_path": "a.png", "title": "near"}', '{"file_path": "2024/c.png", "title": "near"}')
    written(photos / "2024", '{"file_path": "c.png", "title": "too deep"}')
    written(tmp_path / ".trash", '{"file_path": "a.png"}')
    assert read(tmp_path) == {
        "photos/a.png": Annotation(title="near"),
        "photos/b.png": Annotation(title="far"),
        "photos/2024/c.png": Annotation(title="near"),
    }


def test_a_folder_without_any(tmp_path: Path):
    """It is not asked for."""
    assert read(tmp_path) == {}


@pytest.mark.parametrize("line", ["{", "[]", "3", "{}", '{"file_path": "a", "tags": "x"}', '{"file_path": "a", "attributes": 3}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str):
    """A person learns which line of which file to mend and what one looks like."""
    written(tmp_path / "photos", '{"file_path": "fine.png"}', line)
    with pytest.raises(InvalidInput, match=r"Line 2 of .*photos/metadata.jsonl") as caught:
        read(tmp_path)
    assert "file_path" in caught.value.hint


def as_parquet(folder: Path, rows: list[dict]) -> None:
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / NAMES[1])


def test_parquet_says_what_lines_do(tmp_path: Path):
    """The same annotations; where a folder has both, Parquet speaks, and the nearest folder's before all others'."""
    given = [
        {"file_path": "photos/a.png", "category": "cats", "title": "Tom", "tags": ["grey"], "attributes": {"year": 2024, "ratio": 0.5}},
        {"file_path": "photos/b.png", "title": "B"},
        {"file_path": "c.png", "title": "C" * 600},
    ]
    written(tmp_path, *(json.dumps(row) for row in given))
    lines = read(tmp_path)
    as_parquet(tmp_path, given[1:])
    (tmp_path / NAMES[0]).write_text(json.dumps(given[0]) + '\n{"file_path": "c.png", "title": "lines"}')
    assert read(tmp_path) == lines
    as_parquet(tmp_path / "photos", [{"file_path": "a.png", "title": "near"}])
    assert read(tmp_path)["photos/a.png"] == Annotation(title="near")


def test_parquet_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Only where there is such a file, which then says what to install."""
    written(tmp_path, '{"file_path": "a.png"}')
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "jobs.parquet", raising=False)
    assert read(tmp_path)
    (tmp_path / NAMES[1]).write_bytes(b"")
    with pytest.raises(InvalidInput, match="pyarrow is not installed") as caught:
        read(tmp_path)
    assert caught.value.hint == "pip install 'searchindex[parquet]'"


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is an error, not an empty one: all metadata would be lost."""
    written(tmp_path, "{}")

    def failing(_path: Path, _mode: str) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(InvalidInput, match="cannot be read: Input/output error"):
        read(tmp_path)
