"""`skaffold.yaml` by Skaffold's own schema, which its Go module carries; needs Go, no cluster."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.stack.skaffold_profiles import CONFIG, PROFILES, with_profile

MODULE = "github.com/GoogleContainerTools/skaffold/v2@v2.16.1"
SUM = "h1:eMrp2qpn/5j2c1P/JqLo+mxcpEIdtokb/tCY2W/05ic="


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Of the version that the file names."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not on PATH; Skaffold's schema is fetched by it")
    done = subprocess.run([go, "mod", "download", "-json", MODULE], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    module = json.loads(done.stdout)
    assert module["Sum"] == SUM
    version = CONFIG["apiVersion"].removeprefix("skaffold/")
    found: dict[str, Any] = json.loads((Path(module["Dir"]) / f"docs-v2/content/en/schemas/{version}.json").read_text("utf-8"))
    return found


def test_the_file_is_a_configuration_of_skaffold(schema: dict[str, Any]) -> None:
    """As it stands."""
    jsonschema.validate(CONFIG, schema)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_makes_a_configuration_of_skaffold(schema: dict[str, Any], name: str) -> None:
    """After its patches, too."""
    jsonschema.validate(with_profile(name), schema)


def test_a_mistyped_word_is_refused(schema: dict[str, Any]) -> None:
    """The schema is one that refuses."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(CONFIG | {"deploys": {}}, schema)
