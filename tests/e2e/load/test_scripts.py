"""The scripts themselves, as k6 reads them: what they promise, how they ask, and what they ask for."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.load.options import SCRIPTS

ROOT = Path(__file__).parents[3]
K6 = shutil.which("k6", path=str(Path(sys.executable).parent)) or "k6"
SAMPLES = [json.loads(line) for line in (ROOT / "samples/metadata.jsonl").read_text("utf-8").splitlines()]
TITLES = {each["title"]: Path(each["file_path"]).name for each in SAMPLES}


def k6(*arguments: str, given: str = "") -> Any:
    """The JSON that it prints."""
    done = subprocess.run([K6, *arguments], input=given, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # our own scripts
    return json.loads(done.stdout)


def evaluated(expression: str) -> Any:
    """A JavaScript expression over the module of queries, in k6."""
    script = f"""
    import * as queries from "./e2e/load/lib/queries.js";
    import {{ pageOf }} from "./e2e/load/lib/page.js";
    export default () => {{}};
    export const handleSummary = () => ({{ stdout: JSON.stringify({expression}) }});
    """
    return k6("run", "--quiet", "--no-usage-report", "-", given=script)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_asks_at_a_rate_and_holds_the_promise(name: str):
    """k6 can read it; every scenario is an open model, and P95 below 50 ms, P99 below 100 ms and no failure are its thresholds."""
    read = k6("inspect", str(SCRIPTS[name]))
    assert {each["executor"] for each in read["scenarios"].values()} == {"ramping-arrival-rate"}
    promised = read["thresholds"]
    calm = "answered_ms{scenario:before}" if name == "spike" else "answered_ms"
    assert promised[calm] == ["p(95)<50", "p(99)<100"]
    assert promised["failed"] == ["rate==0"]
    assert promised["checks"] == ["rate==1"]


def test_known_queries_are_titles_of_samples():
    """Each is the title of the one file that it should find."""
    asked = evaluated("Array.from({ length: 22 }, (_, n) => queries.known(n))")
    assert {each["text"]: each["finds"] for each in asked} == {each["text"]: TITLES[each["text"]] for each in asked}
    assert len({each["text"] for each in asked}) == 22


def test_phrases_are_distinct():
    """A cache never helps who asks by number; none is longer than what the service takes."""
    asked = evaluated("Array.from({ length: 60000 }, (_, n) => queries.phrase(n + 300000).text)")
    assert len(set(asked)) == len(asked)
    assert all(re.fullmatch(r"[a-z -]{3,120}", text) for text in asked)


def test_popular_queries_are_few():
    """Of a thousand draws the ten most frequent queries are more than a fifth, and most others come once."""
    drawn = [each["text"] for each in evaluated("Array.from({ length: 2000 }, () => queries.popular())")]
    counts = sorted((drawn.count(text) for text in set(drawn)), reverse=True)
    assert sum(counts[:10]) > 400
    assert counts.count(1) > len(counts) / 2


def test_a_page_shows_what_it_is_given_as_text():
    """A host name with markup in it is shown, not obeyed."""
    found = {"promises": [], "milliseconds": {}, "stages": {}, "cached_share": None, "retry_after_share": None, "target": "<b>x</b>"}
    page = evaluated(f"pageOf({json.dumps(found)})")
    assert "<b>x" not in page
    assert "&#60;b&#62;x" in page
