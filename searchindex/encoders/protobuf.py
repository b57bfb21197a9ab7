"""Protocol buffers read without a schema: fields by their numbers."""

from collections.abc import Iterator

_FIXED = {1: 8, 5: 4}  # bytes of a value, by its kind


def messages(message: memoryview, number: int) -> Iterator[memoryview]:
    """The fields of that number which hold bytes: messages, strings, arrays."""
    return (value for found, value in fields(message) if found == number and isinstance(value, memoryview))


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values of one message. IndexError, KeyError or ValueError where it is none."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size, at = _varint(message, at) if kind == 2 else (_FIXED[kind], at)  # noqa: PLR2004 # 2: counted bytes
        if at + size > len(message):
            raise ValueError("ends too early")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 # the last one
            return value, at
        shift += 7
