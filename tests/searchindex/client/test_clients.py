"""Both clients against the real service over HTTP: every operation, and what becomes of a refusal."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import pytest

from searchindex.client import Answer, AsyncClient, Client, ClientError, InvalidRequest, Missing, Search, Term
from tests.pictures import colour_of, picture
from tests.searchindex.client.conftest import Ask, Served
from tests.service.conftest import COUNT


def test_search(ask: Ask):
    """Words find pictures, best first, as values that cannot be changed."""
    answer = ask(lambda client: client.search("red heart", top_k=5))
    assert isinstance(answer, Answer)
    assert (answer.query, len(answer.results), answer.explanation) == ("red heart", 5, None)
    scores = [result.score for result in answer.results]
    assert scores == sorted(scores, reverse=True)
    assert answer.results[0].metadata["file_name"].endswith(".png")
    with pytest.raises(FrozenInstanceError):
        answer.results[0].score = 1


def test_pages_and_filters(ask: Ask):
    """What a search may say is said."""
    cats = ask(lambda client: client.search("red", top_k=COUNT, filters={"category": "cats"}, group_duplicates=True))
    assert {result.metadata["category"] for result in cats.results} == {"cats"}
    later = ask(lambda client: client.search("red", offset=COUNT - 2, score_threshold=0.0))
    assert len(later.results) == 2


def test_terms(ask: Ask):
    """Weighted terms, with what each adds."""
    (first,) = ask(lambda client: client.search("red", top_k=1)).results
    answer = ask(lambda client: client.search(terms=[Term(text="red"), Term(key=first.key, weight=-0.5)], top_k=3))
    assert answer.query is None
    assert [(part.term, part.weight) for part in answer.results[0].parts] == [(0, 1.0), (1, -0.5)]
    assert first.key not in {result.key for result in answer.results}


def test_similar(ask: Ask):
    """Others like one."""
    (first,) = ask(lambda client: client.search("red", top_k=1)).results
    answer = ask(lambda client: client.search_similar(first.key, top_k=4))
    assert len(answer.results) == 4
    assert first.key not in {result.key for result in answer.results}


def test_image(ask: Ask):
    """A picture finds itself, alone and among terms, with every other field of the form."""
    mine = picture(colour_of(7))
    dogs = ask(lambda client: client.search_image(mine, top_k=COUNT, filters={"category": "dogs"}))
    assert {result.metadata["category"] for result in dogs.results} == {"dogs"}
    alone = ask(lambda client: client.search_image(mine, top_k=2))
    assert len(alone.results) == 2
    assert alone.results[0].metadata["file_name"] == "0007.png"
    composed = ask(
        lambda client: client.search_image(mine, terms=[Term(text="ü", weight=0.1)], weight=0.9, group_duplicates=0.9, score_threshold=0.0)
    )
    assert [part.weight for part in composed.results[0].parts] == [0.9, 0.1]


def test_batch(ask: Ask):
    """Several at once, in order."""
    searches = [Search(query="red", top_k=1), Search(terms=[Term(text="blue")], top_k=2), Search(query="green", top_k=3)]
    answers = ask(lambda client: client.search_batch(searches))
    assert [len(answer.results) for answer in answers] == [1, 2, 3]
    assert [answer.query for answer in answers] == ["red", None, "green"]


def test_facets(ask: Ask):
    """Counts, of all and of what filters leave."""
    assert ask(lambda client: client.facets()) == {"cats": COUNT // 2, "dogs": COUNT // 2}
    assert ask(lambda client: client.facets("category", limit=5, filters={"category": "dogs"})) == {"dogs": COUNT // 2}


def test_pictures(ask: Ask, served: Served):
    """The file itself, and a thumbnail of it."""
    (first,) = ask(lambda client: client.search("red", top_k=1)).results
    assert ask(lambda client: client.picture(first.key)) == (served.root / first.metadata["file_path"]).read_bytes()
    assert ask(lambda client: client.thumbnail(first.key, size=64))[8:12] == b"WEBP"


def test_status(ask: Ask):
    """Health, statistics and the collection."""
    ask(lambda client: client.search("how are you"))
    health, stats, collection = (ask(of) for of in (lambda c: c.health(), lambda c: c.stats(), lambda c: c.collection()))
    assert (health.status, health.reason) == ("healthy", None)
    assert stats.points == collection.points == COUNT
    assert stats.total.count > 0
    assert collection.fields["category"] == "keyword"


def test_a_refusal_is_an_error_with_its_reason(ask: Ask):
    """What the problem document says is in the error: the word, the sentence, the hint, the request's id."""
    with pytest.raises(InvalidRequest) as caught:
        ask(lambda client: client.search("red", filters={"secret": 1}))
    error = caught.value
    assert (error.status, error.kind) == (422, "invalid-filter")
    assert "secret" in error.message
    assert error.hint
    assert error.request_id


@pytest.mark.parametrize("method", ["picture", "thumbnail", "search_similar"])
def test_a_picture_that_is_not_there_is_missing(ask: Ask, method: str):
    """By any of the ways to ask for it."""
    with pytest.raises(Missing):
        ask(lambda client: getattr(client, method)("1"))


def test_an_explanation_that_is_not_there_is_missing(ask: Ask):
    """Also where explanations are switched off; the address may be given whole."""
    with pytest.raises(Missing):
        ask(lambda client: client.explanation("/explanations/AAAAAAAAAAAAAAAAAAAAAA", wait=0))


@pytest.mark.parametrize("key", ["../stats", "1/../../stats", "a?b", "%2e%2e/stats"])
def test_a_key_never_becomes_another_path(ask: Ask, key: str):
    """Whatever stands in it, the picture's route is asked, and refuses it."""
    with pytest.raises((InvalidRequest, Missing)):
        ask(lambda client: client.picture(key))


def test_an_address_that_is_none_is_refused_at_once(kind: str):
    """Before anything is sent."""
    for address in ("localhost:8000", "", "ftp://x"):
        with pytest.raises(ClientError, match="no address"):
            (Client if kind == "blocking" else AsyncClient)(address)


def test_it_is_light():
    """A program that only asks loads neither numpy nor anything that serves, indexes or runs models."""
    script = "import sys, searchindex.client; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout  # noqa: S603  # ours
    for heavy in ("numpy", "onnxruntime", "pydantic", "fastapi", "PIL", "qdrant_edge", "orjson", "service"):
        assert f"'{heavy}'" not in loaded


def test_threads_may_share_a_client(served: Served):
    """Each has the answer to what it asked."""
    with Client(served.address) as client, ThreadPoolExecutor(8) as threads:
        queries = [f"query {n}" for n in range(40)]
        answers = list(threads.map(lambda query: client.search(query, top_k=1), queries))
    assert [answer.query for answer in answers] == queries
