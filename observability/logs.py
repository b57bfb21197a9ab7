"""Logs of a program: one JSON object a line, or columns for a person. Needs the extra [observability] (structlog).

All records of the process go through one handler, those of libraries too, so that uvicorn's lines look like ours. Code goes on to
use `logging`, with members in `extra`; filters add what joins a line with its request and its trace.
"""

import logging
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TextIO

import orjson
import structlog
from structlog.typing import Processor


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    CONSOLE = "console"


OWN_HANDLERS = ("uvicorn", "uvicorn.error")  # uvicorn gives them handlers and levels, unless it is told not to
QUIETER = {"uvicorn.access": logging.WARNING, "httpx": logging.WARNING}  # a line a request, of what is counted and traced already


def configure(*, level: str, format: LogFormat | None = None, filters: Sequence[logging.Filter] = (), stream: TextIO = sys.stderr) -> None:
    """Send all logs of this process to `stream`. `level`: a name of `logging`'s. `format`: by default by whether that is a terminal."""
    chosen = format or (LogFormat.CONSOLE if stream.isatty() else LogFormat.JSON)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(chosen, colours=stream.isatty()))
    for each in filters:
        handler.addFilter(each)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in OWN_HANDLERS:
        server = logging.getLogger(name)
        server.handlers[:], server.propagate, server.disabled = [], True, False
        server.setLevel(logging.NOTSET)
    for name, quieter in QUIETER.items():
        logging.getLogger(name).setLevel(quieter)


def _formatter(format: LogFormat, *, colours: bool) -> logging.Formatter:
    known: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if format is LogFormat.JSON:
        last += [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(_json),
        ]
    else:
        last += [structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="time")]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=known, processors=last)


def _json(event: object, **_: object) -> str:
    """Whatever a record holds makes a line: what is no JSON is shown as text."""
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
