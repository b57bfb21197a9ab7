"""Logs: one object a line, whoever logs."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from observability.logs import LogFormat, configure


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The root logger is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_an_object(stream: io.StringIO):
    """Message, level, logger, time, and whatever was given in `extra`; a line break in a message does not make a line."""
    configure(level="info", format=LogFormat.JSON, stream=stream)
    logging.getLogger("service.x").warning("two\nlines of %s", "text", extra={"status": 503, "odd": object, "none": None})
    (line,) = lines(stream)
    assert (line["message"], line["level"], line["logger"], line["status"]) == ("two\nlines of text", "warning", "service.x", 503)
    assert str(line["time"]).endswith("Z")


def test_an_exception_is_part_of_its_line(stream: io.StringIO):
    """A stack does not spread over lines that no collector joins again."""
    configure(level="info", format=LogFormat.JSON, stream=stream)
    logging.getLogger("x").error("failed", exc_info=ValueError("why"))
    (line,) = lines(stream)
    assert "ValueError: why" in str(line["exception"])


def test_uvicorn_goes_the_same_way(stream: io.StringIO):
    """Its lines are objects too, and its line for every request stays away."""
    configure(level="info", format=LogFormat.JSON, stream=stream)
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("uvicorn.access").info("GET /")
    assert [line["message"] for line in lines(stream)] == ["Started"]


def test_a_filter_joins_every_line(stream: io.StringIO):
    """Ids of request and trace are added to lines of all loggers."""

    class Named(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            record.request_id = "r1"
            return True

    configure(level="info", format=LogFormat.JSON, stream=stream, filters=[Named()])
    logging.getLogger("anybody").info("x")
    assert lines(stream)[0]["request_id"] == "r1"


@pytest.mark.parametrize(("level", "count"), [("debug", 3), ("INFO", 2), ("error", 1)])
def test_the_level_is_kept(stream: io.StringIO, level: str, count: int):
    """What is less severe is not written."""
    configure(level=level, format=LogFormat.JSON, stream=stream)
    logger = logging.getLogger("x")
    logger.debug("a")
    logger.info("b")
    logger.error("c")
    assert len(lines(stream)) == count


def test_a_person_reads_columns(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch):
    """On a terminal lines are for reading; elsewhere they are JSON, unless the format is named."""
    configure(level="info", format=LogFormat.CONSOLE, stream=stream)
    logging.getLogger("x").info("readable")
    assert "readable" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    configure(level="info", stream=terminal)
    logging.getLogger("x").info("readable")
    assert "readable" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
