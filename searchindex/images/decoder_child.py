"""The decoder process: `python -m searchindex.images.decoder_child OPTIONS`. It reads pictures from its socket and answers pixels.

Started by `decoder_process.py` and by nobody else. Its standard input is the socket; it has no output and no error output, as the C
libraries below write what a stranger's file makes them write. Whatever it cannot answer, it dies of, and its parent knows what to say.
"""

import json
import os
import socket
import sys
from typing import Any

# Pillow imports these when a picture asks for them (LAB, colours by name, palettes, phones' JPEGs), and then it would be too late.
from PIL import Image, ImageCms, ImageColor, ImagePalette, MpoImagePlugin  # noqa: F401

from searchindex.catalogue import ImageCard, ResizeMode
from searchindex.errors import InvalidImage
from searchindex.images.decode import ImageLimits, decode
from searchindex.images.decoder_limits import allow_processor, confine, follow_parent
from searchindex.images.decoder_wire import Kind, receive, send
from searchindex.images.preprocess import preprocess


def main() -> None:
    """Answer until the other side closes."""
    follow_parent()
    options = json.loads(sys.argv[1])
    link = _socket()
    card = read_card(options["card"])
    Image.preinit()
    confine(memory=options["memory"])
    send(link, Kind.READY)
    while True:
        try:
            _, content = receive(link, limit=ImageLimits().content)
        except EOFError:
            return
        allow_processor(options["seconds"])
        send(link, *answer(bytes(content), card))


def answer(content: bytes, card: ImageCard) -> tuple[Kind, bytes]:
    """What becomes of one picture. No error outlives its clause: its traceback would hold the picture's memory."""
    try:
        return Kind.PIXELS, preprocess(decode(content, at_least=card.size), card).tobytes()
    except InvalidImage as error:
        return refusal(error.reason, error.message)
    except MemoryError:
        return refusal("too-large", "The picture needs more memory than there is.")


def refusal(reason: str, message: str) -> tuple[Kind, bytes]:
    return Kind.REFUSED, f"{reason}\n{message}".encode()


def read_card(raw: dict[str, Any]) -> ImageCard:
    """From what `dataclasses.asdict` makes of it, after JSON."""
    return ImageCard(**raw | {"mean": tuple(raw["mean"]), "std": tuple(raw["std"]), "resize_mode": ResizeMode(raw["resize_mode"])})


def _socket() -> socket.socket:
    """Moved off standard input, where a library might look for a terminal."""
    link = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return link


if __name__ == "__main__":
    main()
