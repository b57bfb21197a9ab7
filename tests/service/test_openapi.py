"""The OpenAPI document against the service that it describes."""

import json
from typing import Any

import jsonschema
import pytest

from service.routes import examples
from tests.service.conftest import Running

SEARCHING = ("/search", "/search/similar", "/search/batch", "/search/image", "/facets")
BODIES = [
    (path, name, body)
    for path, bodies in (
        ("/search", examples.SEARCH),
        ("/search/similar", examples.SIMILAR),
        ("/search/batch", examples.BATCH),
        ("/facets", examples.FACETS),
    )
    for name, body in bodies.items()
]


@pytest.fixture
def document(service: Running) -> dict[str, Any]:
    return service.app.openapi()


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """With what its references point to."""
    return schema | {"components": document["components"]}


@pytest.mark.parametrize(("path", "name", "body"), BODIES, ids=[f"{path} {name}" for path, name, _ in BODIES])
async def test_every_example_is_answered_as_described(service: Running, document: dict[str, Any], path: str, name: str, body: Any):
    """An example that a reader copies is valid, works, and is answered with what the schema says."""
    operation = document["paths"][path]["post"]
    described = operation["requestBody"]["content"]["application/json"]
    assert described["examples"][name]["value"] == body
    jsonschema.validate(body, resolved(document, described["schema"]))
    known = (await service.client.post("/search", json={"query": "any", "top_k": 1})).json()["results"][0]["key"]
    answer = await service.client.post(path, content=json.dumps(body).replace(examples.KEY, known))
    assert answer.status_code == 200, answer.text
    jsonschema.validate(answer.json(), resolved(document, operation["responses"]["200"]["content"]["application/json"]["schema"]))


def test_examples_of_answers_are_answers(document: dict[str, Any]):
    """They have what the schema asks for."""
    for path in SEARCHING:
        content = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]
        assert content["examples"]
        for example in content["examples"].values():
            jsonschema.validate(example["value"], resolved(document, content["schema"]))


def test_every_error_is_a_problem_document(document: dict[str, Any]):
    """And of no other kind; 422 is described as what it is, not as FastAPI's own."""
    for path in SEARCHING:
        for operation in document["paths"][path].values():
            errors = {status: each for status, each in operation["responses"].items() if not status.startswith("2")}
            assert {"401", "403", "404", "413", "422", "429", "500", "503"} <= set(errors)
            for each in errors.values():
                assert list(each["content"]) == ["application/problem+json"]
                assert set(each["content"]["application/problem+json"]["schema"]["required"]) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    "body",
    [{"query": "x", "terms": [{"text": "x"}]}, {}, {"terms": [{"text": "x", "key": "1"}]}, {"terms": [{}]}, {"query": "x", "top_k": 0.5}],
)
async def test_what_the_schema_refuses_is_refused(service: Running, document: dict[str, Any], body: dict[str, Any]):
    """A client that validates before it sends learns the same as from the answer."""
    schema = document["paths"]["/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, resolved(document, schema))
    assert (await service.client.post("/search", json=body)).status_code == 422


def test_nothing_points_nowhere(document: dict[str, Any]):
    """Every reference in the document leads to something in it."""

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["$ref"]] if "$ref" in value else [found for each in value.values() for found in references(each)]
        return [found for each in value for found in references(each)] if isinstance(value, list) else []

    for reference in references(document):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
