"""What FastAPI cannot see for OpenAPI: bodies that are read by hand, for strictness, and the one shape of every error."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from service.schemas import Problem

PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"description": description, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
    for code, description in (
        (400, "The request is not HTTP."),
        (401, "An API key is needed."),
        (403, "The API key does not have the scope."),
        (404, "There is no such picture."),
        (408, "The request did not arrive in time."),
        (413, "The body is too large."),
        (415, "The body is of another kind."),
        (422, "The request cannot be used."),
        (429, "Too many requests of one caller."),
        (499, "The caller left."),
        (500, "A defect."),
        (503, "Not ready, or too much is waiting."),
    )
}


def body_of(model: type[BaseModel], examples: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON body, with examples by name."""
    content = {"schema": schema_of(model), "examples": {name: {"value": value} for name, value in examples.items()}}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def answer_of(*examples: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Examples of the answer; its schema FastAPI has from the response model."""
    shown = {f"answer {place}": {"value": value} for place, value in enumerate(examples, 1)}
    return {200: {"content": {"application/json": {"examples": shown}}}}


def form_of(model: type[BaseModel]) -> dict[str, Any]:
    """A form: the picture as the part `file`, and the members of `model` as fields."""
    schema = schema_of(model)
    picture = {"type": "string", "contentMediaType": "image/*", "description": "JPEG, PNG, WebP or another kind that can be indexed."}
    schema["properties"] = {"file": picture} | schema["properties"]
    schema["required"] = ["file"]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Whole in itself: what pydantic keeps in `$defs` would not be found from inside an OpenAPI document."""
    schema = model.model_json_schema()
    known = schema.pop("$defs", {})
    whole: dict[str, Any] = _inlined(schema, known)
    return whole


def _inlined(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _inlined(known[value["$ref"].rpartition("/")[2]], known)
        return {name: _inlined(each, known) for name, each in value.items()}
    return [_inlined(each, known) for each in value] if isinstance(value, list) else value
