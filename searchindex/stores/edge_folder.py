"""The folder of an embedded index.

    lock                 flock'd by the process that has it open, with its pid in it; the kernel releases it
    collection.json      what the collection is, and which shard directory is the current one; replaced atomically
    shard-<8 hex>/       the engine's own files

A directory counts only once collection.json names it: whatever a killed process left beside is removed at the next opening.
"""

import fcntl
import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from searchindex.collection import CollectionConfig, FieldType, Hnsw, ScalarQuantization
from searchindex.errors import StorageFull, StoreUnavailable, shorten

FORMAT = 1
ROOM = 128 * 2**20  # bytes; the engine maps its files, and a full disk under a mapped file kills the process


@dataclass(frozen=True, slots=True)
class Description:
    """What collection.json holds."""

    config: CollectionConfig
    shard: str


class EdgeFolder:
    """Files and lock; every method blocks and may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def acquire(self) -> None:
        """Take the lock, making the folder if need be. StoreUnavailable names the process that has it."""
        if self._lock is not None:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._taken(descriptor) from None
        except OSError:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor

    def _taken(self, descriptor: int) -> StoreUnavailable:
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        where = "elsewhere in this process" if owner == str(os.getpid()) else "in another process"
        return StoreUnavailable(
            f"The index in {shorten(str(self.path))} is already open {where} (pid {owner}).",
            hint="Stop that process, or send the request to it.",
        )

    @property
    def held(self) -> bool:
        """Whether this object has the lock."""
        return self._lock is not None

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would race with the next owner."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def described(self) -> bool:
        """Whether there is a collection at all; needs no lock."""
        return (self.path / "collection.json").exists()

    def describe(self) -> Description | None:
        """What is there, or None. StoreUnavailable if the description cannot be read."""
        try:
            text = (self.path / "collection.json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            return _parse(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable(
                f"The description of the index in {shorten(str(self.path))} is damaged (collection.json): {shorten(repr(error))}",
                hint="Restore that file from a backup, or remove the folder and index again.",
            ) from error

    def commit(self, description: Description) -> None:
        """Replace collection.json; after a crash it is the old or the new one, never half of either."""
        raw = {"format": FORMAT, "shard": description.shard, **asdict(description.config)}
        draft = self.path / "collection.json.new"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(raw, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / "collection.json")
        self._sync()

    def forget(self) -> None:
        """From here on there is no collection; `sweep` removes its data."""
        (self.path / "collection.json").unlink(missing_ok=True)
        self._sync()

    def new_shard(self) -> str:
        """A name that is not taken yet."""
        return f"shard-{secrets.token_hex(4)}"

    def sweep(self, *, keep: str | None) -> None:
        """Remove shard directories other than `keep`. What cannot be removed now is tried again next time."""
        for leftover in self.path.glob("shard-*"):
            if leftover.name != keep:
                shutil.rmtree(leftover, ignore_errors=True)

    def require_room(self, needed: int = 0) -> None:
        """StorageFull unless `needed` bytes and a reserve are free."""
        free = shutil.disk_usage(self.path).free
        if free < needed + ROOM:
            raise StorageFull(
                f"Only {free >> 20} MiB are free where the index is ({shorten(str(self.path))}).",
                hint=f"Free at least {(needed + ROOM) >> 20} MiB and try again.",
            )

    def _sync(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _parse(raw: dict[str, Any]) -> Description:
    if raw["format"] != FORMAT:
        raise ValueError(f"format {raw['format']}, this version reads {FORMAT}")
    config = CollectionConfig(
        name=str(raw["name"]),
        dim=int(raw["dim"]),
        fingerprint=str(raw["fingerprint"]),
        hnsw=Hnsw(**raw["hnsw"]),
        quantization=ScalarQuantization(**raw["quantization"]),
        schema={field: FieldType(kind) for field, kind in raw["schema"].items()},
    )
    return Description(config, str(raw["shard"]))
