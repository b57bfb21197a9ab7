"""One trace out of the collector's detailed output, as figures."""

import re
from collections import defaultdict
from datetime import datetime
from typing import Any

from e2e.kubernetes.release import Release

REQUEST = "POST /search"
FIELD = re.compile(r"^\s*(Trace ID|Parent ID|ID|Name|Start time|End time)\s*: ?(\S.*?)?\s*$", re.MULTILINE)
Span = dict[str, str]


def spans(said: str) -> list[Span]:
    """Of the collector's detailed output: one block a span, `Name : value` lines."""
    blocks = re.split(r"Span #\d+", said.replace("\\n", "\n"))[1:]
    return [dict(reversed(FIELD.findall(block))) for block in blocks]


def witness(release: Release) -> list[dict[str, Any]]:
    """The trace of the release's median search, as `trace_of` gives it."""
    return trace_of(release.kubectl.run("logs", f"deploy/{release.name}-otel-collector", "--tail=-1"))


def trace_of(said: str) -> list[dict[str, Any]]:
    """The spans of the median of the searches, in the order in which they began: milliseconds from the first, and how long each took."""
    traces: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans(said):
        traces[span["Trace ID"]].append(span)
    whole = [(_milliseconds(root), trace) for trace in traces.values() for root in trace if root["Name"] == REQUEST]
    if not whole:
        return []
    _, trace = sorted(whole, key=lambda found: found[0])[len(whole) // 2]
    began = min(_seconds(span["Start time"]) for span in trace)
    named = [{"span": s["Name"], "at_ms": _ms(_seconds(s["Start time"]) - began), "ms": round(_milliseconds(s), 2)} for s in trace]
    return sorted(named, key=lambda each: float(each["at_ms"]))


def _milliseconds(span: Span) -> float:
    return 1000 * (_seconds(span["End time"]) - _seconds(span["Start time"]))


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)


def _seconds(text: str) -> float:
    """`2026-01-02 03:04:05.123456789 +0000 UTC`; Go leaves final zeros out."""
    day, clock, *_ = text.split()
    whole, _, fraction = clock.partition(".")
    return datetime.fromisoformat(f"{day}T{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")
