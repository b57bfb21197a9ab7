"""What one search asks, as values: terms, page, filters; whether they make sense, and their identity in the cache.

Nothing here encodes or searches anything: `service/compose.py` and `service/finding.py` do.
"""

from dataclasses import dataclass
from typing import Any

from searchindex.collection import CollectionState
from searchindex.errors import InvalidInput, NotFound
from searchindex.points import PointId
from service.cache import CacheKey, cache_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to look for beside the vector; defaults are filled in.

    `group`: the cosine from which two pictures count as one, or None; `offset` and `top_k` then count groups.
    """

    top_k: int
    offset: int
    score_threshold: float
    filters: dict[str, Any] | None
    group: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Words, as the caller wrote them."""

    said: str

    @property
    def text(self) -> str:
        """What is encoded: white space says nothing."""
        return " ".join(self.said.split())


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture of the index, by its key."""

    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """A picture that came with the request."""

    content: bytes


Source = Text | Stored | Upload


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query. `weight`: -1..1 and not 0; below 0 the results move away from it."""

    source: Source
    weight: float = 1.0

    def shown(self) -> dict[str, Any]:
        """As an answer repeats it."""
        match self.source:
            case Text(said):
                named: dict[str, Any] = {"text": said}
            case Stored(key):
                named = {"key": key}
            case Upload():
                named = {"image": True}
        return named | {"weight": self.weight}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One term, or several that are `composed` into one vector, the answer then showing what each adds.

    `label`: what errors call it, where a request has several.
    """

    terms: tuple[Term, ...]
    ask: Ask
    composed: bool = False
    label: str = ""

    def head(self) -> dict[str, Any]:
        """The first members of the answer, which repeat what was asked; they are not cached, so they are always the caller's own."""
        if self.composed:
            return {"query": None, "terms": [term.shown() for term in self.terms]}
        source = self.terms[0].source
        return {"query": source.said if isinstance(source, Text) else None}

    def stored(self) -> frozenset[PointId]:
        """The pictures of the index that it names; they are not among its own results."""
        return frozenset(parse_key(term.source.key) for term in self.terms if isinstance(term.source, Stored))


def search_for(source: Source, ask: Ask) -> Search:
    """The search for one thing."""
    return Search(terms=(Term(source),), ask=ask)


def parse_key(key: str) -> PointId:
    """A result's `key`: up to 63 bits in decimal."""
    if int(key) >= 2**63:
        raise InvalidInput("That key is out of range.", hint="Use a result's key.")
    return PointId(int(key))


def check(search: Search) -> None:
    """InvalidInput where the terms cannot be searched for, whatever the index holds."""
    for term in search.terms:
        if isinstance(term.source, Text) and not term.source.text:
            raise InvalidInput("The query is empty.", hint="Say what the picture shows.")
    if all(term.weight < 0 for term in search.terms):
        raise InvalidInput("Every term has a negative weight: that says what to avoid, but not what to find.", hint="Add a positive one.")
    search.stored()  # raises for a key that cannot be one


def identity(search: Search, state: CollectionState) -> CacheKey | None:
    """Equal for two searches only if their answers are. None where the answer is not kept: a picture came with the request."""
    if any(isinstance(term.source, Upload) for term in search.terms):
        return None
    ask = search.ask
    facts = {
        "terms": [_fact(term) for term in search.terms],
        "composed": search.composed,
        "top_k": ask.top_k,
        "offset": ask.offset,
        "score_threshold": ask.score_threshold,
        "filters": ask.filters or {},
        "group": ask.group,
        "collection": state.name,
        "fingerprint": state.fingerprint,
        "points": state.points,
    }
    return cache_key(facts)


def _fact(term: Term) -> list[Any]:
    match term.source:
        case Text() as words:
            return ["text", words.text, term.weight]
        case Stored(key):
            return ["key", parse_key(key), term.weight]
        case Upload():
            raise ValueError("the answer to a picture that was sent has no identity")


class named:  # noqa: N801  # used as a function; a generator would take five times as long, and every search passes here
    """Of several searches, an error says which one it is about, as validation does."""

    __slots__ = ("_label",)

    def __init__(self, search: Search) -> None:
        self._label = search.label

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._label and isinstance(error, InvalidInput | NotFound):
            error.message = f"{self._label}: {error.message}"
