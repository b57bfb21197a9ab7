"""From requests as they came to searches: the settings' defaults are filled in, and every kind of request becomes terms."""

from service.grouping import THRESHOLD
from service.queries import Ask, Search, Stored, Term, Text, Upload, search_for
from service.schemas import BatchRequest, ImageRequest, PageRequest, QueryRequest, SimilarRequest, TermRequest
from service.settings import Settings


def ask_of(request: PageRequest, settings: Settings) -> Ask:
    threshold = settings.search_score_threshold if request.score_threshold is None else request.score_threshold
    return Ask(
        top_k=request.top_k or settings.search_top_k,
        offset=request.offset,
        score_threshold=threshold,
        filters=request.filters,
        group=_group(request.group_duplicates),
    )


def _group(wanted: bool | float) -> float | None:  # noqa: FBT001  # a member of the request, which has both types
    if wanted is True:
        return THRESHOLD
    return None if wanted is False else wanted


def search_of(request: QueryRequest, settings: Settings, *, label: str = "") -> Search:
    """By the query or by the terms, whichever there is."""
    ask = ask_of(request, settings)
    if request.terms is None:
        return Search(terms=(Term(Text(request.query or "")),), ask=ask, label=label)
    return Search(terms=tuple(map(_term, request.terms)), ask=ask, composed=True, label=label)


def batch_of(request: BatchRequest, settings: Settings) -> list[Search]:
    """Each named by its place."""
    return [search_of(each, settings, label=f"searches.{place}") for place, each in enumerate(request.searches)]


def similar_to(request: SimilarRequest, settings: Settings) -> Search:
    return search_for(Stored(request.key), ask_of(request, settings))


def by_picture(content: bytes, request: ImageRequest, settings: Settings) -> Search:
    """The picture is the first term where there are others."""
    ask, picture = ask_of(request, settings), Upload(content)
    if request.terms is None:
        return search_for(picture, ask)
    weight = 1.0 if request.weight is None else request.weight
    return Search(terms=(Term(picture, weight), *map(_term, request.terms)), ask=ask, composed=True)


def _term(request: TermRequest) -> Term:
    source = Text(request.text) if request.text is not None else Stored(request.key or "")
    return Term(source, request.weight)
