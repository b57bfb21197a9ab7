"""What has been measured is not measured again, unless the code or the machine is another."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import __main__ as program
from bench.benchmark import Benchmark, Result
from bench.figures import Figure, Kind
from bench.kept import MEASURED, Kept, code
from tests.bench.test_report import DONE, MACHINE


def test_what_was_measured_comes_back_as_it_was(tmp_path: Path):
    """With its figures and their kinds; nothing is there of what was not measured."""
    kept = Kept(MACHINE, made_of="a", folder=tmp_path)
    kept.put(DONE)
    assert kept.find("one") == DONE
    assert kept.find("two") is None


def test_it_is_of_one_code_and_one_machine(tmp_path: Path):
    """Neither other code nor another machine is spoken for by old figures, and a broken file by none."""
    Kept(MACHINE, made_of="a", folder=tmp_path).put(DONE)
    assert Kept(MACHINE, made_of="b", folder=tmp_path).find("one") is None
    assert Kept(replace(MACHINE, cores=4), made_of="a", folder=tmp_path).find("one") is None
    (tmp_path / "one.json").write_text("{")
    assert Kept(MACHINE, made_of="a", folder=tmp_path).find("one") is None


def test_every_change_of_code_is_seen(tmp_path: Path):
    """Of a file's content and of its name."""
    for package in MEASURED:
        (tmp_path / package).mkdir()
    (tmp_path / "service" / "a.py").write_text("1")
    first = code(tmp_path)
    (tmp_path / "service" / "a.py").write_text("2")
    second = code(tmp_path)
    (tmp_path / "service" / "a.py").rename(tmp_path / "service" / "b.py")
    assert len({first, second, code(tmp_path)}) == 3


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Two benchmarks; the names of those that were measured. The second fails at first, and the page is written elsewhere."""
    measured: list[str] = []
    figure = Figure(what="x", kind=Kind.RATIO, value=1.0, low=1.0, high=1.0)

    def measure(benchmark: Benchmark, *_: object) -> list[object]:
        measured.append(benchmark.name)
        return [] if measured.count("b") == 1 and benchmark.name == "b" else [None] * benchmark.rounds

    made = {
        name: Benchmark(name=name, compares="x.", rounds=3, prepare=lambda _: None, arms={}, figures=lambda _: [figure]) for name in "ab"
    }
    monkeypatch.setattr(program, "BENCHMARKS", made)
    monkeypatch.setattr(program, "measure", measure)
    monkeypatch.setattr(program, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(program, "Kept", lambda machine, made_of: Kept(machine, made_of=made_of, folder=tmp_path))
    return measured


def test_a_run_goes_on_where_it_was(catalogue: list[str], tmp_path: Path):
    """What met a busy machine is measured by the next run, and that alone; the page is written when all is there."""
    assert program.main([]) == 1
    assert not (tmp_path / "docs/performance.md").exists()
    assert program.main([]) == 0
    assert catalogue == ["a", "b", "b"]
    assert "## a" in (tmp_path / "docs/performance.md").read_text()


def test_trying_out_keeps_nothing(catalogue: list[str], tmp_path: Path):
    """What is measured beside other work, or by halves, is no figure."""
    for option in ("--quick", "--anyway"):
        program.main([option, "a"])
    assert catalogue == ["a", "a"]
    assert not list(tmp_path.glob("*.json"))


def test_a_file_of_results_is_replaced_by_whole_ones_alone(catalogue: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither by what met a busy machine, nor by what lacks a package and was not measured at all."""
    file = tmp_path / "kept.file"
    file.write_text("before")
    assert program.main(["--keep", str(file), "a", "b"]) == 1
    monkeypatch.setitem(program.BENCHMARKS, "c", replace(program.BENCHMARKS["a"], name="c", missing=lambda: "a package"))
    assert program.main(["--keep", str(file), "c"]) == 1
    assert file.read_text() == "before"
    assert program.main(["--keep", str(file), "a", "b"]) == 0
    assert '"a"' in file.read_text()
    assert catalogue == ["a", "b", "b"]


def test_a_benchmark_that_fails_does_not_end_the_others(catalogue: list[str], monkeypatch: pytest.MonkeyPatch):
    """It is said, and it is no success."""

    def fail(*_: object) -> list[object]:
        raise program.ArmFailedError("gone")

    monkeypatch.setattr(program, "measure", fail)
    assert isinstance(program._measured(program.BENCHMARKS["a"], quick=False, quiet=program.Unquiet()), Result)
    assert program.main([]) == 1
    assert catalogue == []
