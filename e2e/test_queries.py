"""Queries beyond one text, by the Python client, with the real model and the real pictures."""

from collections.abc import Iterator

import pytest

from e2e.product import Server
from searchindex.client import Answer, Client, Search, Term


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


def names(answer: Answer) -> list[str]:
    return [result.metadata["file_name"] for result in answer.results]


def test_terms_mix(client: Client):
    """A heart and something blue make a blue heart, and a heart that is not red has none that are."""
    plain = names(client.search("heart", top_k=6))
    blue = names(client.search(terms=[Term(text="heart"), Term(text="blue", weight=0.6)], top_k=6))
    colourless = names(client.search(terms=[Term(text="heart"), Term(text="red", weight=-0.6)], top_k=6))
    assert "red-heart.png" in plain
    assert blue[0] == "blue-heart.png"
    assert "red-heart.png" not in colourless
    assert {"grey-heart.png", "white-heart.png"} <= set(colourless)


def test_parts_explain_the_score(client: Client):
    """The weighted parts of every result stand in one proportion to its score."""
    answer = client.search(terms=[Term(text="heart"), Term(text="blue", weight=0.6)], top_k=20)
    lengths = [sum(part.weight * part.score for part in result.parts) / result.score for result in answer.results]
    assert lengths == pytest.approx([lengths[0]] * 20, rel=1e-3)


def test_near_duplicates_fold(client: Client):
    """Clocks that show other times are one picture at a cosine of 0.8; nothing is lost by folding them."""
    plain, folded = (client.search("clock", top_k=30, group_duplicates=group) for group in (False, 0.8))
    within = [each.key for result in folded.results for each in (result, *result.duplicates)]
    assert any("oclock" in each.metadata["file_name"] for result in folded.results for each in result.duplicates)
    assert len(within) == len(set(within))
    assert {result.key for result in plain.results} <= set(within)


def test_a_batch_is_its_searches(client: Client):
    """Each answered as it is alone."""
    searches = [Search(query="rocket", top_k=3), Search(query="banana", top_k=2, filters={"category": "food-drink"})]
    alone = [client.search("rocket", top_k=3), client.search("banana", top_k=2, filters={"category": "food-drink"})]
    assert [answer.results for answer in client.search_batch(searches)] == [answer.results for answer in alone]


def test_facets_of_a_filter_count_what_it_leaves(client: Client):
    """POST /facets within one category knows that category alone."""
    everything = client.facets("category")
    assert client.facets("category", filters={"category": "flags"}) == {"flags": everything["flags"]}
