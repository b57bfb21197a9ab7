"""The results as JSON, as a table for a terminal and as the page docs/performance.md. Both are made from the JSON alone."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.benchmark import Result
from bench.figures import Kind
from bench.machine import Machine

COMMAND = "make bench"
NOT_MEASURED = "not measured: machine busy"
METHOD = """\
Every figure is of one run on one machine, and the ratios are what it says: milliseconds here are not milliseconds on another
machine. Each arm of a comparison has a process of its own; the arms take turns (A B A B), and each sample begins only once all
cores together were less than 12 % busy for half a second. A benchmark with fewer than two thirds of its rounds quiet is not
measured. Spread: of a median its quartiles over the rounds, of a ratio of medians the 95 % interval by resampling rounds."""


def document_of(results: Sequence[Result], machine: Machine) -> dict[str, Any]:
    """What is kept in docs/results/bench.json."""
    return {
        "command": COMMAND,
        "machine": machine.as_json(),
        "benchmarks": [asdict(result) | {"figures": [asdict(figure) for figure in result.figures]} for result in results],
    }


def table_of(document: dict[str, Any]) -> str:
    """For a terminal."""
    lines = _machine_lines(document["machine"])
    for each in document["benchmarks"]:
        lines += ["", f"{each['name']}: {each['compares']}"]
        rows = _rows(each) or [(NOT_MEASURED, "", "")]
        width = max(len(what) for what, _, _ in rows)
        lines += [f"  {what:<{width}}  {value:>9}  {spread}".rstrip() for what, value, spread in rows]
        lines.append(f"  {_quiet(each)}")
    return "\n".join(lines)


def page_of(document: dict[str, Any]) -> str:
    """The page in Markdown."""
    head = ["# Performance", "", f"Measured and written by `{document['command']}`; do not edit.", "", METHOD, ""]
    head += ["## Machine", "", *(f"- {line}" for line in _machine_lines(document["machine"])), ""]
    return "\n".join(head + [line for each in document["benchmarks"] for line in _section(each)]).rstrip() + "\n"


def _section(each: dict[str, Any]) -> list[str]:
    lines = [f"## {each['name']}", "", f"{each['compares']} {_quiet(each)}", ""]
    rows = _rows(each)
    if not rows:
        return [*lines, f"{NOT_MEASURED[0].upper()}{NOT_MEASURED[1:]}.", ""]
    return [*lines, "| | figure | spread |", "|---|---:|---|", *(f"| {what} | {value} | {spread} |" for what, value, spread in rows), ""]


def _machine_lines(machine: dict[str, Any]) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    flags = " ".join(machine["flags"]) or "none of those looked for"
    return [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']} GiB",
        f"instruction sets: {flags}",
        f"{machine['system']}, Python {machine['python']}; {packages}",
    ]


def _rows(each: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(_what(f), _value(f["value"], f), f"{_value(f['low'], f)} to {_value(f['high'], f)}") for f in each["figures"]]


def _what(figure: dict[str, Any]) -> str:
    return f"{figure['what']}, {figure['unit']}" if figure["unit"] else figure["what"]


def _value(value: float, figure: dict[str, Any]) -> str:
    """Three significant digits, and a ratio is marked as one; a share has four decimals, so that 0.9995 does not look like all."""
    if value == 0:
        return "0"
    if figure["kind"] == Kind.MEDIAN and not figure["unit"] and value <= 1:
        return f"{value:.4f}"
    digits = f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"  # noqa: PLR2004  # beyond, three digits need no point
    return f"{digits}x" if figure["kind"] == Kind.RATIO else digits


def _quiet(each: dict[str, Any]) -> str:
    return f"{each['quiet']} of {each['planned']} rounds were quiet."
