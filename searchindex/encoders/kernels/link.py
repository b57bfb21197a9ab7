"""A relocatable object of x86-64 laid out once and for all: code that runs wherever its first byte comes to lie on a page.

Only what the kernels need of it (System V ABI, AMD64 supplement, 4.4): references relative to where they stand, none to anything else.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SECTION, _SYMBOL, _RELOCATION = (struct.Struct(form) for form in ("<IIQQQQIIQQ", "<IBBHQQ", "<QQq"))
_SYMBOLS, _RELOCATIONS, _EMPTY = 2, 4, 8  # kinds of sections
_LOADED = 2  # the flag of what is there when the code runs
_RELATIVE = {2, 4}  # R_X86_64_PC32 and R_X86_64_PLT32
_FUNCTION = 2


@dataclass(frozen=True, slots=True)
class _Section:
    kind: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int


def link(content: bytes) -> tuple[bytes, dict[str, int]]:
    """The code, and where in it each function begins. ValueError where a reference cannot be resolved."""
    sections = list(_sections(content))
    places, size = {}, 0
    for number, section in enumerate(sections):
        if section.flags & _LOADED and section.kind != _EMPTY:
            places[number] = size = -(-size // max(section.alignment, 1)) * max(section.alignment, 1)
            size += section.size
    code = bytearray(size)
    for number, place in places.items():
        code[place : place + sections[number].size] = _content(content, sections[number])
    table = next(section for section in sections if section.kind == _SYMBOLS)
    symbols = list(_SYMBOL.iter_unpack(_content(content, table)))
    for section in sections:
        if section.kind == _RELOCATIONS and section.info in places:
            _relocate(code, places, symbols, place=places[section.info], entries=_content(content, section))
    return bytes(code), dict(_functions(_content(content, sections[table.link]), symbols, places))


def _sections(content: bytes) -> Iterator[_Section]:
    (table,), (count,) = struct.unpack_from("<Q", content, 0x28), struct.unpack_from("<H", content, 0x3C)
    for number in range(count):
        _, kind, flags, _, offset, size, link_, info, alignment, _ = _SECTION.unpack_from(content, table + number * _SECTION.size)
        yield _Section(kind, flags, offset, size, link_, info, alignment)


def _content(content: bytes, section: _Section) -> bytes:
    return content[section.offset : section.offset + section.size]


def _relocate(code: bytearray, places: dict[int, int], symbols: list[tuple[int, ...]], *, place: int, entries: bytes) -> None:
    for offset, info, addend in _RELOCATION.iter_unpack(entries):
        kind, (_, _, _, section, value, _) = info & 0xFFFFFFFF, symbols[info >> 32]
        if kind not in _RELATIVE or section not in places:
            raise ValueError(f"the kernels refer to something outside of them (relocation {kind})")
        at = place + offset
        struct.pack_into("<i", code, at, places[section] + value + addend - at)


def _functions(names: bytes, symbols: list[tuple[int, ...]], places: dict[int, int]) -> Iterator[tuple[str, int]]:
    for name, info, _, section, value, _ in symbols:
        if info & 0xF == _FUNCTION and section in places:
            yield names[name : names.index(b"\0", name)].decode(), places[section] + value
