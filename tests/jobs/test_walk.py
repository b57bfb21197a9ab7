"""Which files count as pictures."""

import os
from pathlib import Path

import pytest

from jobs.walk import check_folder, walk
from searchindex.errors import NotFound


def names(root: Path) -> list[str]:
    return [source.uri for source in walk(root)]


def test_pictures_by_suffix_in_a_stable_order(tmp_path: Path):
    """Every run sees the same pictures in the same order, whatever the file system says first."""
    for name in ("b/2.PNG", "b/1.jpeg", "a.tif", "notes.txt", "c.gif", "b/.hidden.png", ".git/x.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert names(tmp_path) == ["a.tif", "b/1.jpeg", "b/2.PNG"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path):
    """A link cannot bring a file from elsewhere into the index, nor make a loop."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    (root / "real.png").write_bytes(b"x")
    (root / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "in.png").symlink_to(root / "real.png")
    (root / "dangling.png").symlink_to(root / "nothing.png")
    (root / "loop").symlink_to(root)
    assert names(root) == ["in.png", "real.png"]


def test_a_folder_named_like_a_picture_is_no_picture(tmp_path: Path):
    """Only files are read."""
    (tmp_path / "album.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    assert names(tmp_path) == []


def test_a_name_that_is_not_utf8_is_seen_and_marked(tmp_path: Path):
    """Such a picture is reported, not lost in silence."""
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
    (source,) = walk(tmp_path)
    assert not source.is_utf8


@pytest.mark.parametrize("make", [lambda _path: None, lambda path: path.write_text("x")])
def test_what_is_no_folder_is_refused(tmp_path: Path, make):
    """The message says whether it is missing or of another kind."""
    make(tmp_path / "x")
    with pytest.raises(NotFound, match=r"folder|exist"):
        check_folder(tmp_path / "x")
