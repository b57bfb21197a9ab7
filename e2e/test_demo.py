"""The product's first minute."""

import json
import math

from e2e.product import METADATA, PICTURES, REPOSITORY, SAMPLES, Product

# What is typed, and a word that stands in the title of a picture that shows it.
QUERIES = {
    "red heart": "heart",
    "slice of pizza": "pizza",
    "cat face": "cat",
    "rocket": "rocket",
    "flag of japan": "flag",
    "guitar": "guitar",
    "dog": "dog",
    "red apple": "apple",
    "alarm clock": "clock",
    "full moon": "moon",
    "tree": "tree",
    "police car": "car",
}
SHARE = 2 / 3  # of the queries whose word stands among the first three titles
EVALUATION = REPOSITORY / "samples" / "model" / "evaluation.json"


def _answers(demo: Product, query: str) -> bool:
    answer = demo.run("demo", "--once", "--query", query).answer
    assert answer["query"] == query
    assert len(answer["results"]) == 5
    scores = [result["score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    titles = [result["metadata"].get("title", "") for result in answer["results"][:3]]
    return any(QUERIES[query] in title for title in titles)


def test_a_dozen_queries_find_what_they_mean(demo: Product):
    """For two thirds of a dozen queries the first three pictures show what was asked for."""
    found = {query: _answers(demo, query) for query in QUERIES}
    wrong = [query for query, good in found.items() if not good]
    assert sum(found.values()) >= math.ceil(SHARE * len(QUERIES)), f"not found: {wrong}; the model's level: {_level()}"


def _level() -> object:
    return json.loads(EVALUATION.read_text("utf-8"))["names"]


def test_the_second_run_encodes_nothing(demo: Product):
    """The samples indexed once more: every picture is unchanged, and none goes through the model."""
    report = demo.run("index", PICTURES, "--name", "demo", "--metadata", METADATA, "--json").answer
    assert (report["encoded"], report["indexed"], report["deleted"], report["problems"]) == (0, 0, 0, [])
    assert report["unchanged"] == SAMPLES


def test_search_and_the_demonstration_answer_alike(demo: Product):
    """`searchindex search` and `searchindex demo --once` give the same pictures with the same scores."""
    once = demo.run("demo", "--once", "--query", "rocket").answer
    search = demo.run("search", "rocket", "--name", "demo", "--top", "5", "--json").answer
    assert search["results"] == once["results"]


def test_doctor_finds_nothing_missing(demo: Product):
    """What a bare installation needs is there, says `searchindex doctor`, and names the index."""
    findings = demo.run("doctor", "--json").answer
    assert [each["name"] for each in findings if not each["good"] and not each["optional"]] == []
    assert "index demo" in {each["name"] for each in findings}
