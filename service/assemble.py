"""Pages of hits to the bytes of an answer: first what repeats the question, then what was found, which is what the cache keeps."""

from typing import Any

import numpy as np
import orjson

from searchindex.points import Payload
from searchindex.ports import Hit
from service.finding import Page, Sought
from service.grouping import Group
from service.queries import Search

EMPTY: Payload = {"s3_key": None, "category": None}  # members that are always there; a store keeps no nulls
DIGITS = 6  # of a score: an encoder is not more exact


def head_of(search: Search) -> bytes:
    """The opening brace and the members that repeat the question."""
    return orjson.dumps(search.head())[:-1] + b","


def assemble(sought: Sought, page: Page) -> bytes:
    """The members `results` and `total`, without braces."""
    results = [_result(group, sought, page) for group in page.groups]
    return orjson.dumps({"results": results, "total": len(results)})[1:-1]


def _result(group: Group, sought: Sought, page: Page) -> dict[str, Any]:
    search = sought.search
    result = _picture(group.best)
    if search.composed:
        result["parts"] = _parts(group.best, sought, page)
    if search.ask.group is not None:
        result["duplicates"] = [_duplicate(hit, sought, page) for hit in group.duplicates]
    return result


def _duplicate(hit: Hit, sought: Sought, page: Page) -> dict[str, Any]:
    return _picture(hit) | ({"parts": _parts(hit, sought, page)} if sought.search.composed else {})


def _picture(hit: Hit) -> dict[str, Any]:
    return {"id": hit.id, "key": str(hit.id), "score": round(hit.score, DIGITS), "metadata": EMPTY | hit.payload}


def _parts(hit: Hit, sought: Sought, page: Page) -> list[dict[str, Any]]:
    """What each term alone would score; none for a picture that was deleted meanwhile."""
    vector = page.vectors.get(hit.id)
    if vector is None:
        return []
    cosines = np.clip(sought.rows @ vector, -1.0, 1.0)
    return [
        {"term": place, "weight": term.weight, "score": round(float(cosine), DIGITS)}
        for place, (term, cosine) in enumerate(zip(sought.search.terms, cosines, strict=True))
    ]
