"""What is asked of a Qdrant server: what its own client would have sent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import grpc, models
from qdrant_client.conversions.conversion import RestToGrpc

from searchindex.filters import AnyOf, Filter, Not
from searchindex.ports import Query
from searchindex.stores.qdrant_filters import qdrant_filter
from searchindex.stores.qdrant_queries import query_points
from searchindex.stores.ranking import Fetch, beam

ROW = np.arange(300, dtype=np.float32) / 7
TREES: list[Filter | None] = [None, AnyOf("category", ("dogs", "cats")), Not(AnyOf("tags", ("old",)))]


def by_the_client(asked: Fetch, *, ef: int) -> grpc.QueryPoints:
    """As its models and conversions make it, but for what they say though it is the server's default."""
    width = beam(asked.depth, ef=ef)
    rescore = models.QuantizationSearchParams(rescore=True, oversampling=width / asked.depth)
    exact = models.SearchParams(exact=True, quantization=models.QuantizationSearchParams(ignore=True))
    request = models.QueryRequest(
        limit=asked.depth,
        query=asked.query.vector.tolist(),
        with_payload=asked.with_payload,
        filter=qdrant_filter(asked.query.filter),
        params=exact if asked.query.exact else models.SearchParams(hnsw_ef=width, quantization=rescore),
    )
    made = RestToGrpc.convert_query_request(request, "pictures")
    for said, names in ((made.params, ("exact", "indexed_only")), (made.params.quantization, ("ignore", "rescore"))):
        for name in names:
            if not getattr(said, name):
                said.ClearField(name)
    return made


@given(st.integers(1, 5000), st.integers(1, 600), st.booleans(), st.booleans(), st.sampled_from(TREES))
def test_a_query_is_what_the_client_would_send(depth: int, ef: int, exact: bool, with_payload: bool, tree: Filter | None):  # noqa: FBT001
    """Vector, condition, parameters, and all that is left to the server."""
    asked = Fetch(query=Query(vector=ROW, filter=tree, exact=exact, limit=depth), depth=depth, with_payload=with_payload)
    assert query_points(asked, ef=ef, collection="pictures") == by_the_client(asked, ef=ef)
