"""A service whose spans and metrics a test can look at."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from observability.metrics import Program
from observability.prometheus import PrometheusMeter
from observability.tracing import Tracing
from searchindex.stores.edge import EdgeStore
from service.engine import EngineParts
from service.settings import Settings
from service.telemetry import Telemetry
from tests.fakes import FakeTextEncoder
from tests.service.conftest import parts_of, started

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@dataclass(slots=True)
class Seen:
    """`exporter` has the spans that have ended."""

    client: httpx2.AsyncClient
    exporter: InMemorySpanExporter

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        (span,) = [each for each in self.spans() if each.name == name]
        return span

    async def samples(self, headers: Mapping[str, str] = OPENMETRICS) -> dict[tuple[str, ...], float]:
        """Values by the sample's name without the prefix and the values of its labels, in alphabetical order of their names."""
        text = (await self.client.get("/metrics", headers=dict(headers))).text
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        return {
            (re.sub("^searchindex_", "", each.name), *(each.labels[name] for name in sorted(each.labels))): each.value for each in samples
        }


def in_memory(sampler: Sampler | None = None) -> tuple[InMemorySpanExporter, TracerProvider]:
    """Every trace is kept unless `sampler` says otherwise."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(sampler=sampler or ParentBased(ALWAYS_ON), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter, provider


@asynccontextmanager
async def seen_service(
    folder: Path, *, parts: EngineParts | None = None, sampler: Sampler | None = None, **settings: object
) -> AsyncIterator[Seen]:
    """Over the store in `folder` unless `parts` says otherwise; every request is sampled unless `sampler` says otherwise."""
    exporter, provider = in_memory(sampler)
    meter = PrometheusMeter(Program.SERVICE, version="1.2.3")
    telemetry = Telemetry(meter=meter, exposition=meter.exposition, tracing=Tracing(provider))
    made = parts or parts_of(EdgeStore(folder / "store"), FakeTextEncoder())
    async with started(Settings(image_dir=folder / "pictures", **settings), made, telemetry) as (client, _):
        yield Seen(client, exporter)
