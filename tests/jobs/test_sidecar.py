"""Metadata beside the pictures."""

from pathlib import Path

import pytest

from jobs.sidecar import Annotation, read_sidecar
from searchindex.errors import InvalidInput


def test_what_people_say_of_their_pictures(tmp_path: Path):
    """Category, title, tags and free attributes are taken over; empty lines are nothing."""
    path = tmp_path / "metadata.jsonl"
    path.write_text('{"file_path": "a.png", "category": "cats", "tags": ["grey"], "title": "Tom", "attributes": {"x": 1}}\n\n')
    assert read_sidecar(path) == {"a.png": Annotation(category="cats", title="Tom", tags=("grey",), attributes={"x": 1})}


@pytest.mark.parametrize("line", ["{", "[]", "3", "{}", '{"file_path": "a", "tags": "x"}', '{"file_path": "a", "attributes": 3}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str):
    """A person learns which line to mend and what one looks like."""
    path = tmp_path / "metadata.jsonl"
    path.write_text('{"file_path": "fine.png"}\n' + line + "\n")
    with pytest.raises(InvalidInput, match="Line 2") as caught:
        read_sidecar(path)
    assert "file_path" in caught.value.hint


def test_a_file_that_cannot_be_read(tmp_path: Path):
    """A missing sidecar that was asked for is an error, not an empty one."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_sidecar(tmp_path / "nothing.jsonl")
