"""Everything that can be asked of the service: for each operation its request and how its answer is read. Nothing is sent here.

These functions are the methods of both clients; their docstrings are the methods'.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from searchindex.client import answers
from searchindex.client.answers import Answer, Collection, Explanation, Health, Stats
from searchindex.client.replies import Reply, read_bytes, read_json

T = TypeVar("T")
Filters = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `body`: JSON; `picture`: the part `file` of a form, whose other fields are `form`."""

    method: str
    path: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    body: Any = None
    picture: bytes | None = None
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """`read` makes the result out of an answer that is no error."""

    call: Call
    read: Callable[[Reply], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of a query: a `text`, or the `key` of a picture in the index. `weight`: -1 to 1, not 0; below 0 results move away."""

    text: str | None = None
    key: str | None = None
    weight: float = 1.0

    def body(self) -> dict[str, Any]:
        return _said(text=self.text, key=self.key) | {"weight": self.weight}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search of a batch, by `query` or by `terms`. None leaves a choice to the service."""

    query: str | None = None
    terms: Sequence[Term] | None = None
    top_k: int | None = None
    offset: int | None = None
    score_threshold: float | None = None
    filters: Filters | None = None
    group_duplicates: bool | float | None = None

    def body(self) -> dict[str, Any]:
        return _said(
            query=self.query,
            terms=None if self.terms is None else [term.body() for term in self.terms],
            top_k=self.top_k,
            offset=self.offset,
            score_threshold=self.score_threshold,
            filters=self.filters,
            group_duplicates=self.group_duplicates,
        )


def search(
    query: str | None = None,
    *,
    terms: Sequence[Term] | None = None,
    top_k: int | None = None,
    offset: int | None = None,
    score_threshold: float | None = None,
    filters: Filters | None = None,
    group_duplicates: bool | float | None = None,
    explain: bool = False,
    explanation_wait_ms: int | None = None,
) -> Operation[Answer]:
    """The pictures that show what `query` says, or come nearest to the weighted `terms`, best first."""
    wanted = Search(
        query=query,
        terms=terms,
        top_k=top_k,
        offset=offset,
        score_threshold=score_threshold,
        filters=filters,
        group_duplicates=group_duplicates,
    )
    body = wanted.body() | _said(include_explanation=explain or None, explanation_wait_ms=explanation_wait_ms)
    return Operation(Call(method="POST", path="/search", body=body), read_json(answers.read_answer))


def search_similar(
    key: str,
    *,
    top_k: int | None = None,
    offset: int | None = None,
    score_threshold: float | None = None,
    filters: Filters | None = None,
    group_duplicates: bool | float | None = None,
) -> Operation[Answer]:
    """The pictures most like the one of that key, which is itself left out."""
    wanted = Search(top_k=top_k, offset=offset, score_threshold=score_threshold, filters=filters, group_duplicates=group_duplicates)
    return Operation(Call(method="POST", path="/search/similar", body={"key": key} | wanted.body()), read_json(answers.read_answer))


def search_image(
    picture: bytes,
    *,
    terms: Sequence[Term] | None = None,
    weight: float | None = None,
    top_k: int | None = None,
    offset: int | None = None,
    score_threshold: float | None = None,
    filters: Filters | None = None,
    group_duplicates: bool | float | None = None,
) -> Operation[Answer]:
    """The pictures most like the one whose bytes these are; with `terms`, like it (as much as `weight` says) and what they say."""
    wanted = Search(
        terms=terms, top_k=top_k, offset=offset, score_threshold=score_threshold, filters=filters, group_duplicates=group_duplicates
    )
    fields = wanted.body() | _said(weight=weight)
    form = {name: json.dumps(value) for name, value in fields.items()}
    return Operation(Call(method="POST", path="/search/image", picture=picture, form=form), read_json(answers.read_answer))


def search_batch(searches: Sequence[Search]) -> Operation[tuple[Answer, ...]]:
    """Up to 32 searches together, answered in their order; one that cannot be answered spoils all, and is named."""
    body = {"searches": [each.body() for each in searches]}
    return Operation(Call(method="POST", path="/search/batch", body=body), read_json(answers.read_answers))


def facets(field: str = "category", *, limit: int | None = None, filters: Filters | None = None) -> Operation[dict[str, int]]:
    """How many pictures, of those that `filters` leave, have each value of a keyword field; the most frequent first."""
    body = {"field": field} | _said(limit=limit, filters=filters)
    return Operation(Call(method="POST", path="/facets", body=body), read_json(answers.read_counts))


def explanation(url: str, *, wait: float = 0) -> Operation[Explanation]:
    """What a language model says about an answer: `url` is its `explanation_url`. `wait`: seconds to wait for it, up to 30."""
    path = "/explanations/" + quote(url.rpartition("/")[2], safe="")
    return Operation(Call(method="GET", path=path, params={"wait": wait}), read_json(answers.read_explanation))


def thumbnail(key: str, *, size: int = 256) -> Operation[bytes]:
    """The picture as WebP that fits in a square of `size` pixels: 64, 128, 256 or 512."""
    return Operation(Call(method="GET", path=f"/thumbnails/{quote(key, safe='')}", params={"size": size}), read_bytes)


def picture(key: str) -> Operation[bytes]:
    """The picture's file, byte for byte."""
    return Operation(Call(method="GET", path=f"/images/{quote(key, safe='')}"), read_bytes)


def collection() -> Operation[Collection]:
    """What can be searched, and by which fields it can be filtered."""
    return Operation(Call(method="GET", path="/collection"), read_json(answers.read_collection))


def health() -> Operation[Health]:
    """How the service is; it answers this also when it cannot search."""
    return Operation(Call(method="GET", path="/health"), read_json(answers.read_health))


def stats() -> Operation[Stats]:
    """Latencies of the last searches, the cache, the collection. Where there are API keys, this needs the scope `admin`."""
    return Operation(Call(method="GET", path="/stats"), read_json(answers.read_stats))


def _said(**members: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in members.items() if value is not None}
