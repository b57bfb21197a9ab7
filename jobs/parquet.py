"""Rows of a Parquet file, a few at a time: neither the file nor one of its row groups is ever in memory as a whole.

Only what is asked for is read, one page of a column at a time, as the file was written (a megabyte, mostly). pyarrow is larger than the
rest of the program and an extra: this module is imported where there is such a file.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from searchindex.errors import InvalidInput, SearchIndexError, shorten

ROWS = 1000  # at once
BUFFER = 1 << 20  # bytes of a column that are read at once; without it, and with `pre_buffer`, it would be a row group's whole column


class Kind(StrEnum):
    """What a column may hold; its value is how a person is told."""

    TEXT = "text"
    TEXTS = "lists of text"
    OBJECT = "a struct or a map of text, numbers, truth values and lists of them"


def rows(file: BinaryIO, name: str, columns: Mapping[str, Kind]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with its number, from 1: a JSON object of those `columns` that are there and known; the first of them always is.

    Null and NaN are what is not known. InvalidInput says what is wrong with the file; `name` is what a person knows it by. What `file`
    itself raises while it is read passes through.
    """
    try:
        opened = pq.ParquetFile(file, buffer_size=BUFFER, pre_buffer=False)
        wanted = _checked(opened.schema_arrow, name, columns)
        number = 0
        for batch in opened.iter_batches(ROWS, columns=wanted, use_threads=False):
            for row in batch.to_pylist(maps_as_pydicts="strict"):
                number += 1
                yield number, _known(row, name, number, required=next(iter(columns)))
    except SearchIndexError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:  # KeyError: a map that has a key twice
        if isinstance(error, OSError) and error.errno:
            raise  # the file's own, not Arrow's
        said = shorten(str(error).rstrip("."))
        raise InvalidInput(f"{shorten(name)} cannot be read as a Parquet file ({said}).", hint="Is it whole? Write it anew.") from None


def _checked(schema: pa.Schema, name: str, columns: Mapping[str, Kind]) -> list[str]:
    """Which of the columns are there; InvalidInput where one that is needed is not, or holds what it may not."""
    found = [column for column in columns if schema.names.count(column) == 1]
    first = next(iter(columns))
    if first not in found:
        there = ", ".join(schema.names)
        raise InvalidInput(f'{shorten(name)} has no column "{first}", or has it twice.', hint=f"It has {shorten(there) or 'none'}.")
    for column in found:
        held = schema.field(column).type
        if not _fits(held, columns[column]):
            raise InvalidInput(
                f'The column "{column}" of {shorten(name)} holds {shorten(str(held))}.', hint=f"It may hold {columns[column]}."
            )
    return found


def _fits(held: pa.DataType, kind: Kind) -> bool:
    if pa.types.is_null(held):
        return True
    match kind:
        case Kind.TEXT:
            return _is_text(held)
        case Kind.TEXTS:
            return _is_list(held) and _is_text(held.value_type)
        case Kind.OBJECT:
            if pa.types.is_map(held):
                return _is_text(held.key_type) and _is_plain(held.item_type)
            return bool(pa.types.is_struct(held)) and all(_is_plain(held.field(at).type) for at in range(held.num_fields))


def _is_plain(held: pa.DataType) -> bool:
    value = held.value_type if _is_list(held) else held
    return _is_text(value) or any(of(value) for of in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null))


def _is_list(held: pa.DataType) -> bool:
    return any(of(held) for of in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def _is_text(held: pa.DataType) -> bool:
    value = held.value_type if pa.types.is_dictionary(held) else held
    return any(of(value) for of in (pa.types.is_string, pa.types.is_large_string))


def _known(row: Mapping[str, Any], name: str, number: int, *, required: str) -> dict[str, Any]:
    known: dict[str, Any] = _without_unknown(row)
    if required not in known:
        raise InvalidInput(f'Row {number} of {shorten(name)} has no "{required}".')
    return known


def _without_unknown(value: Any) -> Any:
    """Of rows, structs, maps and lists; a number that JSON has no word for is not known either."""
    if isinstance(value, Mapping):
        return {key: _without_unknown(each) for key, each in value.items() if _is_known(each)}
    return [each for each in value if _is_known(each)] if isinstance(value, list) else value


def _is_known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))
