"""Originals and thumbnails of indexed pictures, found by their key, and never from outside the declared folder."""

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from searchindex.errors import NotFound
from searchindex.images import thumbnail
from searchindex.points import Payload, PointId
from searchindex.ports import VectorStore

SIZES = (64, 128, 256, 512)
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "BMP": "image/bmp", "TIFF": "image/tiff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Bytes to send. `etag` changes with the content and the size."""

    content: bytes
    media_type: str
    etag: str


class Pictures:
    """`root`: the folder that `file_path` in the payloads is relative to; None where pictures are not served."""

    def __init__(self, store: VectorStore, *, root: Path | None, cache: Path | None) -> None:
        self._store = store
        self._root = root.resolve() if root else None
        self._cache = cache or Path(tempfile.mkdtemp(prefix="searchindex-thumbnails-"))

    async def payload(self, key: PointId) -> Payload:
        records = await self._store.retrieve([key])
        if not records:
            raise NotFound("There is no picture with that key.")
        return records[0].payload

    async def original(self, key: PointId) -> Picture:
        payload = await self.payload(key)
        content = await asyncio.to_thread(self._read, payload)
        media_type = MEDIA_TYPES.get(str(payload.get("format")), "application/octet-stream")
        return Picture(content=content, media_type=media_type, etag=f'"{payload["content_hash"]}"')

    async def thumbnail(self, key: PointId, *, size: int) -> Picture:
        """WebP that fits in `size` x `size`; kept on disk under its content hash."""
        payload = await self.payload(key)
        content = await asyncio.to_thread(self._thumbnail, payload, size)
        return Picture(content=content, media_type="image/webp", etag=f'"{payload["content_hash"]}-{size}"')

    def _thumbnail(self, payload: Payload, size: int) -> bytes:
        kept = self._cache / f"{payload['content_hash']}-{size}.webp"
        if kept.is_file():
            return kept.read_bytes()
        content = thumbnail(self._read(payload), size=size)
        self._keep(kept, content)
        return content

    def _keep(self, path: Path, content: bytes) -> None:
        """A full disk costs the copy, not the answer."""
        with suppress(OSError):
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._cache) as staging:
                (staged := Path(staging, path.name)).write_bytes(content)
                staged.replace(path)

    def _read(self, payload: Payload) -> bytes:
        """Symbolic links are resolved before the path is compared with the root."""
        if self._root is None:
            raise NotFound("Pictures are not served here.", hint="Set IMAGE_DIR to their folder.")
        try:
            path = (self._root / str(payload["file_path"])).resolve(strict=True)
            if path.is_relative_to(self._root) and path.is_file():
                return path.read_bytes()
        except (OSError, ValueError):
            pass
        raise NotFound("The file of that picture is gone.", hint="Index the folder again.")
