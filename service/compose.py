"""From the terms of queries to vectors: encoding them together, and their weighted sum.

    q = sum(w[i] * u[i]) / |sum(w[i] * u[i])|        u[i]: unit vectors of the terms, w[i]: their weights

The score of a picture d is then sum(w[i] * cos(u[i], d)) / |sum(w[i] * u[i])|: the ranking is that of the weighted sum of what each term
alone would score, which is why an answer can show it part by part. Texts and pictures lie in two separate regions of such a space
(Liang et al., arXiv 2203.02053). The offset between them adds nearly the same to every picture's sum and so hardly moves the ranking; but
cosines between pictures spread more widely than those between a text and pictures, so at equal weights a picture outweighs a text.
Nothing corrects this in silence: the parts show it, and the weights are the caller's.
"""

import asyncio
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from searchindex.errors import InvalidInput, NotFound
from searchindex.points import PointId
from searchindex.ports import Vectors, VectorStore
from service.encode import MAX_BATCH
from service.engine import Engine
from service.queries import Search, Source, Stored, Term, Text, Upload, named, parse_key

Vector = NDArray[np.float32]
CANCELLED = 0.01  # of the weights' sum; an encoder in int8 is about as exact, so that less would be noise


def combine(rows: Vectors, weights: Sequence[float]) -> Vector:
    """The unit vector float32 [dim] of the weighted sum of unit vectors [n, dim]; InvalidInput where hardly anything is left of it."""
    scaled = np.asarray(weights, np.float64) / np.max(np.abs(weights))
    total = scaled @ rows.astype(np.float64)
    length = float(np.linalg.norm(total))
    if length < CANCELLED * np.abs(scaled).sum():
        raise InvalidInput(
            "The terms cancel each other out: their weighted sum has no direction.", hint="Change a weight, or leave out an opposite."
        )
    return np.asarray(total / length, np.float32)


async def vectors_of(engine: Engine, store: VectorStore, searches: Sequence[Search]) -> list[Vectors]:
    """For each search its terms' vectors, float32 [terms, dim]. NotFound for a key that is not in the index, before anything is encoded."""
    if len(searches) == 1 and len(searches[0].terms) == 1 and isinstance(words := searches[0].terms[0].source, Text):
        return [(await engine.encode_text(words.text))[None]]  # most searches are this one: the shortest way
    sources = {term.source: None for search in searches for term in search.terms}
    known: dict[Source, Vector] = await _stored(store, [each for each in sources if isinstance(each, Stored)])
    for search in searches:
        with named(search):
            _require_known(search.terms, known)
    known |= await _encoded(engine, [each for each in sources if isinstance(each, Text)])
    known |= {each: await engine.encode_image(each.content) for each in sources if isinstance(each, Upload)}
    return [_rows([known[term.source] for term in search.terms]) for search in searches]


def _rows(vectors: Sequence[Vector]) -> Vectors:
    return np.stack(vectors) if len(vectors) > 1 else vectors[0][None]


def _require_known(terms: Iterable[Term], known: dict[Source, Vector]) -> None:
    for term in terms:
        if isinstance(term.source, Stored) and term.source not in known:
            raise NotFound(f"There is no picture with the key {term.source.key}.", hint="Use a result's key.")


async def _stored(store: VectorStore, sources: Sequence[Stored]) -> dict[Source, Vector]:
    if not sources:
        return {}
    by_id = await stored_vectors(store, {parse_key(each.key) for each in sources})
    return {each: by_id[parse_key(each.key)] for each in sources if parse_key(each.key) in by_id}


async def stored_vectors(store: VectorStore, ids: Iterable[PointId]) -> dict[PointId, Vector]:
    """The vectors of the points that exist."""
    records = await store.retrieve(sorted(ids), with_vectors=True)
    return {record.id: record.vector for record in records if record.vector is not None}


async def _encoded(engine: Engine, sources: Sequence[Text]) -> dict[Source, Vector]:
    """So many at a time that they make one batch of the encoder; between two batches others have their turn."""
    found: dict[Source, Vector] = {}
    for start in range(0, len(sources), MAX_BATCH):
        part = sources[start : start + MAX_BATCH]
        found |= zip(part, await _together(engine, part), strict=True)
    return found


async def _together(engine: Engine, sources: Sequence[Text]) -> list[Vector]:
    if len(sources) == 1:
        return [await engine.encode_text(sources[0].text)]
    tasks = [asyncio.ensure_future(engine.encode_text(each.text)) for each in sources]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:  # where one failed, nobody waits for the others
            task.cancel()
