"""`python -m jobs benchmark` over pictures, with their text encoder."""

import json
from pathlib import Path

import pytest

from jobs.__main__ import main
from tests.engines import QdrantServer
from tests.jobs.processes import SAMPLES, environment, run
from tests.jobs.simulation.test_simulate import flags
from tests.pictures import folder_of


@pytest.fixture
def indexed(qdrant_server: QdrantServer, collection: str, tmp_path: Path) -> list[str]:
    """Flags that lead to a small indexed collection."""
    status, _, said = run(environment(qdrant_server, collection, folder_of(tmp_path / "pictures", 30)))
    assert status == 0, said
    return flags(qdrant_server, collection)


def test_texts_are_encoded_searched_and_judged(indexed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Stage by stage, with recall, kept as JSON and as a picture; a limit that is missed is told by the exit status."""
    asked = ["benchmark", *indexed, "--model-path", str(SAMPLES / "model"), "--requests", "30", "--warm-up", "2"]
    assert main([*asked, "--most-ms", "100000", "--out", str(tmp_path / "out")]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(summary["stages"]) == {"encode", "search", "total"}
    assert summary["recall"] == 1.0
    kept = json.loads((tmp_path / "out/benchmark.json").read_text())
    assert kept["stages"] == summary["stages"]
    assert (tmp_path / "out/benchmark.svg").read_text().startswith("<svg")
    assert main([*asked, "--most-ms", "0.000001"]) == 5
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["reason"] == "TargetMissed"


def test_ones_own_texts(indexed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One a line; a file without any is told."""
    (tmp_path / "texts").write_text("red heart\n\n  cat \n")
    asked = ["benchmark", *indexed, "--model-path", str(SAMPLES / "model"), "--requests", "3", "--most-ms", "100000"]
    assert main([*asked, "--queries", str(tmp_path / "texts")]) == 0
    (tmp_path / "texts").write_text("\n")
    assert main([*asked, "--queries", str(tmp_path / "texts")]) == 3
    assert "QUERIES" in capsys.readouterr().err
