"""Spans out of what a collector prints."""

from typing import Any

from e2e.load.traces import spans, trace_of

BLOCK = """Span #{number}
    Trace ID       : {trace}
    Parent ID      : {parent}
    ID             : {id}
    Name           : {name}
    Kind           : Internal
    Start time     : 2026-01-02 03:04:05.{start} +0000 UTC
    End time       : 2026-01-02 03:04:05.{end} +0000 UTC
    Status code    : Unset
"""


def said(*found: dict[str, Any]) -> str:
    return "ResourceSpans #0\n" + "".join(BLOCK.format(number=number, **each) for number, each in enumerate(found))


def span(trace: str, name: str, start: str, end: str, *, parent: str = "") -> dict[str, Any]:
    return {"trace": trace, "name": name, "id": f"{trace}{name[0]}", "parent": parent, "start": start, "end": end}


def test_every_block_is_a_span() -> None:
    """With its own name and parent, whether the log has its line breaks escaped or not."""
    text = said(span("a", "POST /search", "1", "2"), span("a", "encode", "11", "15", parent="aP"))
    assert [each["Name"] for each in spans(text)] == ["POST /search", "encode"]
    assert spans(text)[1]["Parent ID"] == "aP"
    assert spans(text.replace("\n", "\\n")) == spans(text)


def test_the_median_search_is_the_witness() -> None:
    """Its spans in the order in which they began, in milliseconds from its begin."""
    text = said(
        span("a", "POST /search", "1", "2"),
        span("b", "encode", "102", "118", parent="bP"),
        span("b", "POST /search", "1", "125"),
        span("c", "POST /search", "1", "105"),
        span("d", "GET /health", "1", "999"),
    )
    assert trace_of(text) == [
        {"span": "POST /search", "at_ms": 0.0, "ms": 25.0},
        {"span": "encode", "at_ms": 2.0, "ms": 16.0},
    ]


def test_without_a_search_there_is_no_witness() -> None:
    """Nothing is made up."""
    assert trace_of(said(span("d", "GET /health", "1", "999"))) == []
