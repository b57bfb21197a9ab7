"""What a service and its decoder process say to each other: frames over a socket, and nothing that runs code when it is read."""

import socket
import struct
import time
from enum import IntEnum

_HEAD = struct.Struct("!BI")
_CHUNK = 1 << 20


class Kind(IntEnum):
    """What a frame holds."""

    READY = 1  # nothing: the limits are in force
    PICTURE = 2  # the bytes of one file
    PIXELS = 3  # float32 [3, size, size] in this machine's order
    REFUSED = 4  # reason and message of InvalidImage, each on a line


class Deadline:
    """A moment by which a whole exchange is to be over; every call of a socket in between gets what is left."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never none: a socket's timeout of 0 means something else."""
        return max(0.001, self._at - time.monotonic())


def send(link: socket.socket, kind: Kind, body: bytes = b"", *, deadline: Deadline | None = None) -> None:
    """OSError where the other side is gone, TimeoutError where it does not read."""
    link.settimeout(deadline.left() if deadline else None)
    link.sendall(_HEAD.pack(kind, len(body)))
    link.sendall(body)


def receive(link: socket.socket, *, limit: int, deadline: Deadline | None = None) -> tuple[Kind, bytearray]:
    """The next frame. EOFError where there is none, ValueError for an unknown one or one above `limit` bytes, TimeoutError."""
    number, size = _HEAD.unpack(_exactly(link, _HEAD.size, deadline))
    if size > limit:
        raise ValueError("the frame is larger than agreed")
    return Kind(number), _exactly(link, size, deadline)


def _exactly(link: socket.socket, size: int, deadline: Deadline | None) -> bytearray:
    body = bytearray()
    while len(body) < size:
        link.settimeout(deadline.left() if deadline else None)
        chunk = link.recv(min(_CHUNK, size - len(body)))
        if not chunk:
            raise EOFError
        body += chunk
    return body
