"""What is sent, against what the service reads."""

import inspect
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchindex.client import Search, Term, operations
from service import schemas

terms = st.builds(Term, text=st.text("abc ", min_size=1, max_size=5), weight=st.sampled_from([1.0, -0.5, 0.25])) | st.builds(
    Term, key=st.integers(0, 2**63 - 1).map(str)
)
pages = {
    "top_k": st.none() | st.integers(1, 100),
    "offset": st.none() | st.integers(0, 10_000),
    "score_threshold": st.none() | st.floats(0, 1),
    "filters": st.none() | st.just({"category": "x"}),
    "group_duplicates": st.none() | st.booleans() | st.floats(0.8, 1),
}
searches = st.builds(Search, query=st.text(min_size=1, max_size=20), **pages) | st.builds(
    Search, terms=st.lists(terms, min_size=1, max_size=8), **pages
)


@given(search=searches)
def test_every_search_is_read_as_it_was_meant(search: Search):
    """The service's own model takes each body, and has in it what was said."""
    read = schemas.QueryRequest.model_validate(json.loads(json.dumps(search.body())))
    assert (read.query, read.top_k, read.filters, read.score_threshold) == (
        search.query, search.top_k, search.filters, search.score_threshold,
    )  # fmt: skip
    assert [(term.text, term.key, term.weight) for term in read.terms or ()] == [
        (term.text, term.key, term.weight) for term in search.terms or ()
    ]
    assert read.offset == (search.offset or 0)
    assert read.group_duplicates == (search.group_duplicates or False)


@pytest.mark.parametrize(
    ("operation", "model", "others"),
    [
        (operations.search, schemas.SearchRequest, {"explain": "include_explanation"}),
        (operations.search_similar, schemas.SimilarRequest, {}),
        (operations.search_image, schemas.ImageRequest, {"picture": None}),
        (operations.facets, schemas.FacetsRequest, {}),
        (Search, schemas.QueryRequest, {}),
    ],
)
def test_whatever_the_service_reads_can_be_said(operation, model, others: dict[str, str | None]):
    """A member that is added to a request is missed here."""
    parameters = {others.get(name, name) for name in inspect.signature(operation).parameters} - {None}
    assert parameters == set(model.model_fields)
