"""Pictures for tests, made on the spot."""

from io import BytesIO
from pathlib import Path

from PIL import Image


def picture(colour: tuple[int, int, int], *, size: tuple[int, int] = (40, 30), kind: str = "PNG") -> bytes:
    """The bytes of a plain picture."""
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def colour_of(number: int) -> tuple[int, int, int]:
    """A colour of its own for every number below 2**24 / 65793."""
    return (number * 37 % 256, number * 101 % 256, number * 7 % 256)


def folder_of(root: Path, count: int) -> Path:
    """`count` pictures in two folders, each of its own colour."""
    for number in range(count):
        path = root / ("cats" if number % 2 else "dogs") / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(colour_of(number)))
    return root
