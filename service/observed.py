"""What is seen of a request from outside of the routes: its metrics, its span, and its line in the log.

Stands within `RequestIds` and around all else, so that a refusal and an unforeseen error are seen as well. How a stage went is
the `StageClock`'s, which a route takes from here (`clock_of`).
"""

import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.meter import NO_METER, Meter
from observability.metrics import REQUEST_DURATION, REQUESTS_IN_PROGRESS, STAGE_DURATION
from observability.stages import StageClock
from searchindex.errors import shorten
from service.outcomes import Outcome, operation_of, outcome_of
from service.queries import Search, Text

if TYPE_CHECKING:  # its packages are not installed on a laptop
    from observability.tracing import EntrySpan, Tracing

log = logging.getLogger(__name__)

PROBES = frozenset({"/livez", "/readyz", "/health", "/metrics"})  # counted, but neither traced nor logged: they come all the time
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"})
CONTEXT = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
SALT = secrets.token_bytes(16)

ERRORS = {Outcome.SHED: logging.WARNING, Outcome.UNAVAILABLE: logging.WARNING, Outcome.FAILED: logging.ERROR}
REFUSALS = frozenset({Outcome.SHED, Outcome.UNAVAILABLE})
REFUSAL_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Observer:
    """What one process observes with. `slow`: seconds from which on a request has a line in the log."""

    meter: Meter = NO_METER
    tracing: "Tracing | None" = None
    slow: float = 1.0
    log_queries: bool = False
    in_progress: int = field(default=0, init=False)
    _quiet_until: dict[Outcome, float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.meter.watch(REQUESTS_IN_PROGRESS, lambda: {(): float(self.in_progress)})

    def has_a_line(self, outcome: Outcome, seconds: float) -> bool:
        """What is refused comes by the hundreds while there is too much, or nothing answers: of each kind there is one line a second."""
        if outcome not in REFUSALS:
            return seconds >= self.slow or outcome in ERRORS
        now = time.monotonic()
        if now < self._quiet_until.get(outcome, 0.0):
            return False
        self._quiet_until[outcome] = now + REFUSAL_SECONDS
        return True


@dataclass(slots=True)
class _Seen:
    """One request, while it is being answered."""

    span: "EntrySpan | None" = None
    clock: StageClock | None = None
    searches: Sequence[Search] = ()
    problem: str = ""
    status: int = 0


def clock_of(request: Request) -> StageClock:
    """A clock that begins now, for the stages of this request; with spans where it is traced."""
    seen = _of(request.scope)
    clock = StageClock(seen.span if seen.span is not None and seen.span.sampled else None)
    seen.clock = clock
    return clock


def asked_for(request: Request, *searches: Search) -> None:
    """What is searched for, for the log: its words are shown only if the settings allow it."""
    _of(request.scope).searches = searches


def went_wrong(request: Request, problem: str) -> None:
    """The kind of the problem document that answers this request."""
    _of(request.scope).problem = problem


def _of(scope: Scope) -> _Seen:
    seen: _Seen = scope.setdefault("state", {}).setdefault("seen", _Seen())
    return seen


class Observed:
    """Observes every HTTP request that passes through."""

    def __init__(self, app: ASGIApp, observer: Observer) -> None:
        self.app, self.observer = app, observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen, began = _of(scope), time.perf_counter()
        seen.span = self._span(scope)

        async def send_seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = int(message["status"])
                if seen.span is not None:
                    message["headers"] = [*message.get("headers", ()), (b"x-trace-id", seen.span.trace_id.encode())]
            await send(message)

        self.observer.in_progress += 1
        try:
            await self.app(scope, receive, send_seen)
        finally:
            self.observer.in_progress -= 1
            self._ended(scope, seen, time.perf_counter() - began)

    def _span(self, scope: Scope) -> "EntrySpan | None":
        tracing = self.observer.tracing
        if tracing is None or scope["path"] in PROBES:
            return None
        carrier = {CONTEXT[name]: value.decode("latin-1") for name, value in scope["headers"] if name in CONTEXT}
        return tracing.begin(_method(scope), carrier)

    def _ended(self, scope: Scope, seen: _Seen, seconds: float) -> None:
        route = _route(scope)
        outcome = outcome_of(seen.status, seen.problem)
        trace_id = seen.span.trace_id if seen.span is not None and seen.span.sampled else ""
        meter = self.observer.meter
        meter.observe(REQUEST_DURATION, seconds, operation_of(route), outcome.value, trace_id=trace_id)
        if seen.clock is not None:
            for stage, spent in seen.clock.seconds.items():
                meter.observe(STAGE_DURATION, spent, stage.value, trace_id=trace_id)
        if scope["path"] not in PROBES and self.observer.has_a_line(outcome, seconds):
            self._log(scope, seen, route, seconds, outcome)
        if seen.span is not None:
            _end(seen.span, scope, seen, outcome)

    def _log(self, scope: Scope, seen: _Seen, route: str, seconds: float, outcome: Outcome) -> None:
        facts: dict[str, Any] = {"method": _method(scope), "route": route, "status": seen.status, "outcome": outcome.value}
        facts["duration_ms"] = round(1000 * seconds, 3)
        if seen.clock is not None:
            facts["stages_ms"] = {stage.value: round(1000 * spent, 3) for stage, spent in seen.clock.seconds.items()}
        if seen.problem:
            facts["problem"] = seen.problem
        level, said = ERRORS.get(outcome, logging.INFO), f"{facts['method']} {route}: {outcome.value} in {facts['duration_ms']:.0f} ms"
        log.log(level, said, extra=facts | self._query(seen.searches))

    def _query(self, searches: Sequence[Search]) -> dict[str, str]:
        """By default a hash that says no more than which lines are of the same query, and that while this process lives."""
        query = "; ".join(term.source.said for search in searches for term in search.terms if isinstance(term.source, Text))
        if not query:
            return {}
        if self.observer.log_queries:
            return {"query": query}
        return {"query_hash": blake2b(query.encode("utf-8", "replace"), key=SALT, digest_size=8).hexdigest()}


def _end(span: "EntrySpan", scope: Scope, seen: _Seen, outcome: Outcome) -> None:
    """4xx are the caller's, and no errors here (OpenTelemetry's semantic conventions for HTTP servers)."""
    if not span.sampled:  # most are not, and what nobody sees is not put together
        span.end()
        return
    error = (seen.problem or str(seen.status)) if outcome in ERRORS else ""
    span.end(f"{_method(scope)} {_route(scope)}".strip(), _attributes(scope, seen), error=error)


def _attributes(scope: Scope, seen: _Seen) -> dict[str, str | int]:
    """Names as in the same conventions."""
    found: dict[str, str | int] = {
        "http.request.method": _method(scope),
        "url.path": shorten(scope["path"]),
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope.get("http_version", ""),
    }
    if seen.status:
        found["http.response.status_code"] = seen.status
    if route := _route(scope):
        found["http.route"] = route
    if server := scope.get("server"):
        found |= {"server.address": server[0], "server.port": server[1] or 0}
    return found


def _method(scope: Mapping[str, Any]) -> str:
    return scope["method"] if scope["method"] in METHODS else "_OTHER"


def _route(scope: Mapping[str, Any]) -> str:
    """The template that the router met, such as `/images/{key}`; empty where none."""
    return str(getattr(scope.get("route"), "path", ""))
