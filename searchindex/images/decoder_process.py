"""One decoder process as its parent sees it: started, asked, and ended. What it answers is believed no more than a stranger's file."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from searchindex.catalogue import ImageCard
from searchindex.errors import InvalidImage, Overloaded, shorten
from searchindex.images.decode import REASONS
from searchindex.images.decoder_wire import Deadline, Kind, receive, send

# -P: what lies in the working directory is not imported.
CHILD = (sys.executable, "-P", "-m", "searchindex.images.decoder_child")
START_SECONDS = 30.0  # a third of a second, on a machine that is not busy
MOST_WORDS = 4096  # bytes of a refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a decoder process may use.

    `seconds`: for one picture, of the clock and of the processor. `memory`: bytes beyond what the libraries take. A pixel
    costs 8, with transparency 16; a large JPEG is decoded at a smaller scale. `pictures`: after so many it is replaced,
    so that what one picture may have left behind does not stay.
    """

    seconds: float = 5.0
    memory: int = 700_000_000
    pictures: int = 1000


class DecoderProcess:
    """Use it from one thread, the one that made it: on Linux the process dies with that thread.

    `command`: the program, which gets its options as one more argument. Overloaded when it cannot be started.
    """

    def __init__(self, card: ImageCard, terms: Terms, *, command: Sequence[str] = CHILD) -> None:
        self._terms, self._size = terms, card.size
        self.pictures = 0
        options = json.dumps({"card": asdict(card), "memory": terms.memory, "seconds": terms.seconds})
        self._link, other = socket.socketpair()
        try:
            with other:
                self._process = _start([*command, options], other)
        except OSError as error:
            self._link.close()
            raise _not_started() from error
        try:
            receive(self._link, limit=0, deadline=Deadline(START_SECONDS))
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise _not_started() from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def worn(self) -> bool:
        """Whether it is to be replaced."""
        return self.pictures >= self._terms.pictures

    def pixels(self, content: bytes) -> NDArray[np.float32]:
        """float32 [3, size, size]. InvalidImage as `decode`, or with `decoder-crashed` or `took-too-long`.

        After these two the process is gone; a broken promise of it counts as a crash.
        """
        self.pictures += 1
        deadline = Deadline(self._terms.seconds)
        try:
            send(self._link, Kind.PICTURE, content, deadline=deadline)
            kind, body = receive(self._link, limit=max(MOST_WORDS, self._size**2 * 12), deadline=deadline)
            return self._read(kind, body)
        except TimeoutError:
            self.close()
            raise InvalidImage(f"The picture takes longer than {self._terms.seconds:g} s to decode.", reason="took-too-long") from None
        except (OSError, EOFError, ValueError):
            self.close()
            raise InvalidImage("The picture is damaged: decoding it crashed.", reason="decoder-crashed") from None

    def kill(self) -> None:
        """From any thread: whoever waits for an answer gets `decoder-crashed`."""
        self._process.kill()

    def close(self) -> None:
        """End it at once; there is nothing in it to keep."""
        self._link.close()
        self._process.kill()
        self._process.wait()

    def _read(self, kind: Kind, body: bytearray) -> NDArray[np.float32]:
        """ValueError for what cannot be an answer."""
        if kind is Kind.REFUSED:
            reason, _, message = body.decode("utf-8").partition("\n")
            if reason in REASONS:
                raise InvalidImage(shorten(message), reason=reason)
        if kind is not Kind.PIXELS:
            raise ValueError("an unexpected frame")
        return np.frombuffer(body, np.float32).reshape(3, self._size, self._size)


def environment(outside: Mapping[str, str]) -> dict[str, str]:
    """What the process gets to know: where its modules lie, and no secret. One thread does for arithmetic on one picture."""
    kept = {name: outside[name] for name in ("LD_LIBRARY_PATH",) if name in outside}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}


def _not_started() -> Overloaded:
    return Overloaded("No process for decoding pictures can be started.", retry_after=5, hint="Is there memory left?")


def _start(command: Sequence[str], link: socket.socket) -> "subprocess.Popen[bytes]":
    """Never by a plain fork, which would copy locks that other threads hold. In a session of its own: Ctrl-C is not for it."""
    nothing = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603  # our own program
        command, stdin=link.fileno(), stdout=nothing, stderr=nothing, env=environment(os.environ), cwd="/", start_new_session=True
    )
