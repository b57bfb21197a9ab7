"""The examples of docs/client.md are run as they stand there, one after the other."""

import re
from pathlib import Path
from typing import Any

from tests.searchindex.client.conftest import Served

DOCUMENT = Path(__file__).parents[3] / "docs" / "client.md"
ADDRESS = "http://127.0.0.1:8000"
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_example_runs(served: Served, capsys):
    """What a reader copies works, and leaves what the text says."""
    examples = EXAMPLE.findall(DOCUMENT.read_text("utf-8"))
    assert sum(ADDRESS in example for example in examples) >= 3
    names: dict[str, Any] = {}
    try:
        for number, example in enumerate(examples, 1):
            code = compile(example.replace(ADDRESS, served.address), f"example {number} of {DOCUMENT.name}", "exec")
            exec(code, names)  # noqa: S102  # our own document
    finally:
        names["client"].close()
        names["careful"]._http.close()
    said = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"-?\d\.\d{3}  (cats|dogs)/\d{4}\.png", said[0])
    assert said[-1].startswith("invalid-filter")
    assert (len(names["red"].results), len(names["blue"].results)) == (10, 2)
    assert (names["cats"].query, names["dogs"].query) == ("cat", "dog")
