"""With the graph and the quantised vectors in use, the answers are still the right ones."""

from dataclasses import replace

import numpy as np

from searchindex.points import PointId
from searchindex.ports import Point, Query, VectorStore
from tests.searchindex.stores.samples import CONFIG, clustered

COUNT, WIDE = 5_000, 1_150  # enough for the graph, even where a server spreads the points over two segments
ASKED = 60


async def test_an_indexed_collection_finds_what_an_exact_search_finds(empty: VectorStore):
    """Recall@10 of at least 0.95, scores of at most 1, and pages that do not depend on their size."""
    rows = clustered(COUNT, WIDE)
    await empty.create(replace(CONFIG, dim=WIDE))
    await empty.upsert([Point(PointId(place), row, {"width": place}) for place, row in enumerate(rows)])
    await empty.optimize()
    state = await empty.state()
    assert state is not None
    assert (state.points, state.status) == (COUNT, "green")
    assert state.indexed >= 0.95 * COUNT

    truth = np.argsort(-(rows[:ASKED] @ rows.T), axis=1)[:, :10]
    hits = await empty.search([Query(vector=row, limit=10) for row in rows[:ASKED]])
    exact = await empty.search([Query(vector=row, limit=10, exact=True) for row in rows[:ASKED]])
    assert _overlap(exact, truth) >= 0.999  # the last place may be a tie within rounding
    assert _overlap(hits, truth) >= 0.95
    assert max(hit.score for found in [*hits, *exact] for hit in found) <= 1

    whole = (await empty.search([Query(vector=rows[0], limit=60)]))[0]
    pages = await empty.search([Query(vector=rows[0], limit=10, offset=start) for start in range(0, 60, 10)])
    assert [hit for page in pages for hit in page] == whole


def _overlap(found, truth) -> float:
    return float(np.mean([len({hit.id for hit in hits} & set(row.tolist())) / len(row) for hits, row in zip(found, truth, strict=True)]))
