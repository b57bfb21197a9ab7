"""A file system of some megabytes that a test may fill, without root: a tmpfs in a mount namespace of its own.

It is reached by way of /proc, so that the test's process, and whatever it starts, can name it. Where the kernel allows no such
namespace, the tests that need one are skipped with what it said.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
READY = "ready"
MOUNT = f'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && echo {READY} && exec "$@"'


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """`path`: its root."""

    path: Path

    @property
    def full(self) -> bool:
        return (self.path / "filler").exists()

    def fill(self, *, leave: int = 0) -> None:
        """`leave`: bytes, of which whole pages stay free."""
        free = shutil.disk_usage(self.path).free
        with (self.path / "filler").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - leave // os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PAGESIZE"))

    def free(self) -> None:
        (self.path / "filler").unlink()


@contextmanager
def small_disk(folder: Path, *, size: int) -> Iterator[SmallDisk]:
    """`size` in bytes. It is mounted upon `folder`, of which nobody else takes notice."""
    command = _mounting(folder, size, ["cat"])  # which ends with the test, however that ends
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
    assert holder.stdin
    assert holder.stdout
    assert holder.stderr
    try:
        if holder.stdout.readline().strip() != READY:
            _refused(holder.stderr.read())
        yield SmallDisk(Path(f"/proc/{holder.pid}/root{folder}"))
    finally:
        holder.stdin.close()
        holder.wait(30)
        holder.stdout.close()
        holder.stderr.close()


def run_on_small_disk(folder: Path, command: list[str], *, size: int, cwd: Path) -> list[str]:
    """The lines that a command writes which is alone in seeing such a file system upon `folder`, by its own path: what leads by way of
    /proc cannot be resolved. It has to end well.
    """
    done = subprocess.run(_mounting(folder, size, command), capture_output=True, text=True, check=False, cwd=cwd, timeout=600)  # noqa: S603
    if not done.stdout.startswith(READY):
        _refused(done.stderr)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()[1:]


def _mounting(folder: Path, size: int, command: list[str]) -> list[str]:
    """`command`, which is begun once there is the disk, and the line READY before it."""
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs unshare, of util-linux")
    return [*NAMESPACE, MOUNT, "sh", str(size), str(folder), *command]


def _refused(said: str) -> NoReturn:
    pytest.skip(f"no small disk can be had here: {said.strip()[-200:]}")
