"""Which files count as pictures."""

import errno
import os
from pathlib import Path

import pytest

from jobs.sources import Obstacle, Selection, Source
from jobs.walk import check_folder, walk
from searchindex.errors import NotFound


def names(root: Path, **more) -> list[str]:
    return [found.uri for found in walk(root, **more) if isinstance(found, Source)]


def obstacles(root: Path) -> dict[str, str]:
    return {found.uri: found.reason for found in walk(root) if isinstance(found, Obstacle)}


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
    (root / "self.png").symlink_to(root / "self.png")
    assert names(root) == ["in.png", "real.png"]
    assert obstacles(root) == {"dangling.png": "link-broken", "out.png": "link-outside", "self.png": "link-broken"}


def test_a_folder_named_like_a_picture_is_no_picture(tmp_path: Path):
    """Only files are read."""
    (tmp_path / "album.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    assert names(tmp_path) == []
    assert obstacles(tmp_path) == {"pipe.png": "not-a-file"}


def test_a_name_that_is_not_utf8_is_seen_and_marked(tmp_path: Path):
    """Such a picture is reported, not lost in silence."""
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
    assert obstacles(tmp_path) == {"caf\udce9.png": "name-not-utf8"}


def test_a_folder_that_cannot_be_listed_hides_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is reported, the others are indexed, and nobody concludes that its pictures are gone."""
    for name in ("a/1.png", "b/2.png", "c/3.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    scandir = os.scandir

    def failing(path):
        if os.fspath(path).endswith("/b"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    found = list(walk(tmp_path))
    assert [each.uri for each in found] == ["a/1.png", "b", "c/3.png"]
    assert isinstance(found[1], Obstacle)
    assert found[1].hides


def test_patterns_choose_among_the_pictures(tmp_path: Path):
    """Some of include, none of exclude; a star crosses folders."""
    for name in ("a/1.png", "a/thumbs/1.png", "b/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert names(tmp_path, selection=Selection(include=["a/*"])) == ["a/1.png", "a/thumbs/1.png"]
    assert names(tmp_path, selection=Selection(exclude=["*/thumbs/*"])) == ["a/1.png", "b/2.jpg"]
    assert names(tmp_path, selection=Selection(include=["*.png"], exclude=["a/thumbs/*"])) == ["a/1.png"]


@pytest.mark.parametrize("make", [lambda _path: None, lambda path: path.write_text("x")])
def test_what_is_no_folder_is_refused(tmp_path: Path, make):
    """The message says whether it is missing or of another kind."""
    make(tmp_path / "x")
    with pytest.raises(NotFound, match=r"folder|exist"):
        check_folder(tmp_path / "x")
