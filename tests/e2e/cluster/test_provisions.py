"""What is downloaded and built: once, of known versions, and again when the sources change."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from e2e.cluster.commands import ClusterError
from e2e.cluster.place import HERE, REPOSITORY
from e2e.cluster.provisions import check_integrity, digest, go_version, missing

PROGRAMS = ("localkube", "coredns", "pause", "otelcol")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "main.go").write_text("package main")
    (tmp_path / "go.mod").write_text("module one")
    return tmp_path


def test_a_change_of_the_sources_is_a_new_build(source: Path) -> None:
    """An old binary is never taken for a new one."""
    before = digest(source, "-s")
    (source / "go.mod").write_text("module two")
    assert digest(source, "-s") != before


def test_another_version_is_a_new_build(source: Path) -> None:
    """Also what is only said to the linker counts."""
    assert digest(source, "-X version=1") != digest(source, "-X version=2")


def test_what_go_does_not_read_is_no_change(source: Path) -> None:
    """A document beside the sources costs nobody ten minutes."""
    before = digest(source, "-s")
    (source / "README.md").write_text("words")
    assert digest(source, "-s") == before


@pytest.mark.parametrize("program", PROGRAMS)
def test_modules_are_pinned(program: str) -> None:
    """Every module has its checksum; the only program without is the one without modules."""
    required = "require" in (HERE / program / "go.mod").read_text()
    assert (HERE / program / "go.sum").exists() == required


def test_a_package_that_was_changed_is_refused(tmp_path: Path) -> None:
    """Nothing of it is used."""
    file = tmp_path / "package.tgz"
    file.write_bytes(b"as published")
    published = "sha512-" + base64.b64encode(hashlib.sha512(b"as published").digest()).decode()
    check_integrity(file, published)
    file.write_bytes(b"changed")
    with pytest.raises(ClusterError, match="is not what it was"):
        check_integrity(file, published)


@pytest.mark.parametrize(
    ("said", "version"),
    [("go version go1.26.8 linux/amd64", (1, 26)), ("go version go1.19.8 linux/amd64", (1, 19)), ("go: not found", ())],
)
def test_go_says_its_version(said: str, version: tuple[int, ...]) -> None:
    """Debian's own is too old; a version that cannot be read counts as too old as well."""
    assert go_version(said) == version


def test_every_missing_program_is_named(tmp_path: Path) -> None:
    """One that is there does not hide one that is not."""
    present = tmp_path / "nft"
    present.touch(mode=0o755)
    assert missing({"nft": "nftables", "runc": "runc", "containerd": "containerd"}, path=str(tmp_path)) == ["containerd", "runc"]


@pytest.mark.parametrize("name", ["cluster", "go", "image", "controller", "image-gpu"])
def test_requirements_are_hashed(name: str) -> None:
    """A package is refused by pip unless it is what was compiled."""
    lines = (REPOSITORY / "requirements" / f"{name}.txt").read_text().splitlines()
    pinned = [number for number, line in enumerate(lines) if re.match(r"[a-z0-9._-]+==", line)]
    assert pinned
    assert all("--hash=sha256:" in lines[number + 1] for number in pinned)
