"""Speaking to a served application over raw sockets, where a client library would refuse to send what a stranger may."""

import contextlib
import http.client
import io
import json
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
WAIT = 30.0  # seconds; whatever takes longer hangs


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; `status` 0 where the connection was closed without an answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def problem(self) -> dict[str, Any] | None:
        """The problem document, or None where it is none."""
        if self.headers.get("content-type") != "application/problem+json":
            return None
        document = json.loads(self.body)
        return document if {"type", "title", "status", "detail"} <= set(document) and document["status"] == self.status else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it listens, its process, a key for searching and one for administration, and its folder."""

    port: int
    pid: int
    key: str
    admin: str
    folder: Path

    def connect(self) -> socket.socket:
        return socket.create_connection((HOST, self.port), WAIT)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """With the key for searching, unless `Authorization` is given; an underscore in a name is a hyphen."""
        given = {"Host": "test", "Connection": "close", "Authorization": f"Bearer {self.key}", "Content-Length": str(len(body))}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
        return self.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape") + body)

    def send(self, raw: bytes, *, then_end: bool = False) -> Reply:
        """Raw bytes on one connection, and what comes back until it is closed. `then_end`: say that no more will come."""
        with self.connect() as connection:
            with contextlib.suppress(OSError):  # refused before it was all sent; the answer is there all the same
                connection.sendall(raw)
            if then_end:
                connection.shutdown(socket.SHUT_WR)
            return read(connection)

    def search(self, **members: Any) -> Reply:
        return self.ask("POST", "/search", json.dumps(members).encode(), Content_Type="application/json")

    def memory(self) -> int:
        """Bytes that are resident now, without pages that are shared with files."""
        return self._status("RssAnon")

    def peak(self) -> int:
        """The most that was resident since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> int:
        """Bytes resident now, from which the peak counts on."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        return self._status("VmHWM")

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def _status(self, name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) * 1024


def read(connection: socket.socket) -> Reply:
    """All until the other side closes, parsed leniently."""
    raw = bytearray()
    with contextlib.suppress(ConnectionError):
        while chunk := connection.recv(65_536):
            raw += chunk
    while raw.startswith(b"HTTP/1.1 1"):  # 100 Continue
        raw = raw.partition(b"\r\n\r\n")[2]
    head, _, body = bytes(raw).partition(b"\r\n\r\n")
    first, _, fields = head.partition(b"\r\n")
    if not first.startswith(b"HTTP/1.1 "):
        return Reply(status=0)
    headers = {name.lower(): value for name, value in http.client.parse_headers(io.BytesIO(fields + b"\r\n\r\n")).items()}
    return Reply(status=int(first.split()[1]), headers=headers, body=body)
