"""Metadata beside the pictures."""

from pathlib import Path

import pytest

from jobs.folder import Folder
from jobs.sidecar import NAME, Annotation, annotations_in
from searchindex.errors import InvalidInput


def written(folder: Path, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_text("\n".join(lines) + "\n")
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


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is an error, not an empty one: all metadata would be lost."""
    written(tmp_path, "{}")

    def failing(_path: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", failing)
    with pytest.raises(InvalidInput, match="cannot be read: Input/output error"):
        read(tmp_path)
