"""The vocabulary that a `SearchIndex` is declared with: its names, the base of its parts, kinds of text, rules in CEL.

A rule is checked by the API server and carries the sentence that a refused user reads. Nothing here says what a field is for.
"""

import hashlib
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict, JsonValue

GROUP, VERSION, KIND, PLURAL = "searchindex.dev", "v1alpha1", "SearchIndex", "searchindexes"

INT32 = 2**31 - 1  # the limit of the integers of a Job


def rule(cel: str, message: str) -> JsonDict:
    """One CEL rule with the sentence that a refused user reads."""
    return {"rule": cel, "message": message}


def rules(*several: JsonDict) -> JsonDict:
    """As a part of a JSON schema."""
    items: list[JsonValue] = [*several]
    return {"x-kubernetes-validations": items}


def text(pattern: str, sentence: str, *, most: int) -> Any:
    """Text of at most `most` characters with a pattern, said twice: for offline checks, and with a sentence for people."""
    return Field(pattern=pattern, max_length=most, json_schema_extra=rules(rule(f"self.matches(r'{pattern}')", sentence)))


def fixed(name: str, path: str) -> JsonDict:
    """The rule that a field, optional or not, keeps the value it was made with."""
    same = f"has(self.{path}) == has(oldSelf.{path}) && (!has(self.{path}) || self.{path} == oldSelf.{path})"
    return rule(same, f"{name} cannot be changed: make another SearchIndex, or delete this one (its collection is kept) and make it anew.")


Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[int, Field(ge=0, le=100)]
ObjectName = Annotated[str, Field(min_length=1, max_length=253)]
OpenObject = Annotated[dict[str, Any], Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})]
Label = Annotated[str, text(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "Use lower-case letters, digits and '-', such as 'photos-2024'.", most=40)]
FolderPath = Annotated[
    str,
    Field(
        pattern=r"^([^/].*)?$",
        max_length=1024,
        json_schema_extra=rules(
            rule(
                "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
                "A path is relative to the volume: write 'photos/2024', without a leading '/' and without '..'.",
            )
        ),
    ),
]


class Part(BaseModel):
    """A part of the resource: camelCase outside, immutable inside; fields this version does not know are passed over."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


def short_hash(facts: Any) -> str:
    """8 hex digits of SHA-256 over canonical JSON."""
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
