"""`skaffold.yaml` as each of its profiles makes it: the file, with the profile's patches and blocks laid over it."""

import copy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "skaffold.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
PROFILES: dict[str, Any] = {each["name"]: each for each in CONFIG["profiles"]}
Words = dict[str, Any]


def with_profile(name: str) -> Words:
    """The configuration with `name` active."""
    profile, found = PROFILES[name], copy.deepcopy(CONFIG)
    for patch in profile.get("patches", []):
        _patch(found, patch)
    for block, words in profile.get("build", {}).items():
        found["build"][block] = words
    return found


def _patch(config: Any, patch: Words) -> None:
    """JSON Patch, its `add` and `replace`; KeyError or IndexError where there is nothing to replace."""
    *way, last = patch["path"].strip("/").split("/")
    at = config
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if patch["op"] == "replace":
        _ = at[last]
    at[last] = patch["value"]
