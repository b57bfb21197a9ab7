"""JSON as RFC 8259 means it, and no more of it than a search needs.

orjson refuses NaN, Infinity, lone surrogates, bad UTF-8 and deep nesting; a second, standard parser finds duplicate keys, of which
different programs would read different values.
"""

import json
from typing import Any

import orjson

from searchindex.errors import InvalidInput, shorten

BODY_LIMIT = 64 * 1024


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; InvalidInput says what is wrong with it, without repeating it."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The body is not JSON: {_reason(error)}.", hint='Send an object such as {"query": "red heart"}.') from None
    if not isinstance(value, dict):
        raise InvalidInput("The body is not a JSON object.", hint='Send an object such as {"query": "red heart"}.')
    json.loads(body, object_pairs_hook=_refuse_duplicates)
    return value


def _reason(error: orjson.JSONDecodeError) -> str:
    return shorten(str(error).partition(": line")[0].lower(), 120)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for at, (key, _) in enumerate(pairs) if any(key == other for other, _ in pairs[:at]))
        raise InvalidInput(f'The key "{shorten(twice, 60)}" stands twice in one object.')
    return found
