"""A file that lies elsewhere, read by ranges of its bytes."""

import io
from collections.abc import Callable
from typing import Any


class RangedFile(io.RawIOBase):
    """`size` in bytes; `read_range` gives the bytes from its first argument on, before its second, and may raise what it likes."""

    def __init__(self, size: int, read_range: Callable[[int, int], bytes]) -> None:
        super().__init__()
        self._size, self._read_range, self._place = size, read_range, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence])
        return self._place

    def readall(self) -> bytes:
        """By one range; Python's own would ask for a few thousand bytes at a time."""
        content = self._read_range(self._place, self._size) if self._place < self._size else b""
        self._place += len(content)
        return content

    def readinto(self, buffer: Any) -> int:
        into = memoryview(buffer).cast("B")
        end = min(self._size, self._place + len(into))
        if end <= self._place:
            return 0
        content = self._read_range(self._place, end)
        into[: len(content)] = content
        self._place += len(content)
        return len(content)
