"""The part of the composition root that opens what a run is seen by: metrics, spans and logs, each where it can be had."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.ending import Ending, Reason
from jobs.ledger import Ledger, Outcome
from jobs.settings import JobSettings
from jobs.shards import Shard
from jobs.steps import Step, Steps
from observability.metrics import Program
from observability.telemetry import open_tracing
from searchindex import __version__
from searchindex.catalogue import ModelCard
from searchindex.errors import InvalidInput

if TYPE_CHECKING:  # their packages are not installed on a laptop
    from observability.prometheus import PrometheusMeter
    from observability.tracing import EntrySpan, Tracing

TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTelemetry:
    """`meter` is None where metrics cannot be shown, `tracing` and `span` where no variable asks for them."""

    trace_id: str
    meter: "PrometheusMeter | None" = None
    tracing: "Tracing | None" = None
    span: "EntrySpan | None" = None

    @property
    def steps(self) -> Steps:
        return Steps(self.span if self.span is not None and self.span.sampled else None)

    @property
    def outgoing(self) -> Callable[[], Sequence[tuple[str, str]]]:
        """What goes along with a call of the store."""
        return self.tracing.outgoing if self.tracing else list

    def describe(self, settings: JobSettings, card: ModelCard) -> None:
        """What every span of a step says, by OpenTelemetry's conventions for databases and generative AI."""
        if self.tracing is None:
            return
        server: dict[str, str | int] = {"server.address": settings.qdrant_host, "server.port": settings.qdrant_grpc_port}
        store = {"db.system.name": "qdrant", "db.collection.name": settings.qdrant_collection, **server}
        self.tracing.describe(Step.COMPARE, {**store, "db.operation.name": "scroll"})
        self.tracing.describe(Step.UPSERT, {**store, "db.operation.name": "upsert"})
        model: dict[str, str | int] = {"gen_ai.request.model": card.name, "gen_ai.embeddings.dimension.count": card.dim}
        self.tracing.describe(Step.ENCODE, {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "searchindex", **model})

    async def end(self, ending: Ending | None, ledger: Ledger, shard: Shard) -> None:
        """`ending` is None after a defect. Waits for the last spans, for two seconds at most."""
        if self.span is not None:
            counts = {f"searchindex.pictures.{outcome.value}": ledger.counts[outcome] for outcome in Outcome}
            facts: dict[str, str | int] = {"searchindex.shard": shard.index, "searchindex.shards": shard.count, **counts}
            reason = (ending.reason if ending else Reason.INTERNAL_ERROR).value
            well = ending is not None and not ending.status
            self.span.end("index", facts | {"searchindex.reason": reason}, error="" if well else reason)
        if self.tracing is not None:
            await asyncio.to_thread(self.tracing.close)


def open_telemetry(settings: JobSettings) -> RunTelemetry:
    """What is installed and asked for. InvalidInput where tracing is asked for and cannot be had."""
    try:
        tracing = open_tracing(program="searchindex-jobs", version=__version__, all_of_them=True)
    except ImportError as error:
        raise InvalidInput(f"Tracing needs the package {error.name}.", hint="pip install 'searchindex[observability]'") from None
    except ValueError as error:
        raise InvalidInput(str(error), hint="The variables are those of OpenTelemetry; docs/observability.md lists them.") from None
    span = tracing.begin_run("index", {"traceparent": settings.traceparent}) if tracing else None
    meter = _meter() if settings.progress_port else None
    if tracing is not None and meter is not None:
        tracing.watch(meter)
    return RunTelemetry(trace_id=span.trace_id if span else trace_of(settings.traceparent), meter=meter, tracing=tracing, span=span)


def trace_of(traceparent: str) -> str:
    """Its trace's 32 hexadecimal digits; empty where there are none."""
    found = TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else ""


def set_up_logs() -> None:
    """What libraries log becomes an object a line on standard error, as in the other programs; left alone where the package is missing."""
    try:
        from observability.logs import configure  # noqa: PLC0415  # not installed on a laptop
        from observability.tracing import WithTraceIds  # noqa: PLC0415
    except ImportError:
        return
    configure(level="INFO", filters=[WithTraceIds()])


def _meter() -> "PrometheusMeter | None":
    """None where the extra [observability] is not installed."""
    try:
        from observability.prometheus import PrometheusMeter  # noqa: PLC0415  # optional
    except ImportError:
        return None
    return PrometheusMeter(Program.JOBS, version=__version__)
