"""The part of the composition root that opens what the service is seen by: metrics, spans and logs, each where it can be had."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observability.meter import NO_METER, Meter
from observability.metrics import Program
from observability.stages import Stage
from observability.telemetry import open_tracing
from searchindex import __version__
from searchindex.catalogue import ModelCard
from searchindex.errors import InvalidInput
from service.request_id import WithRequestId
from service.routes.metrics import Exposition
from service.settings import Settings

if TYPE_CHECKING:  # its packages are not installed on a laptop
    from observability.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """`exposition` is None where metrics cannot be shown; `tracing` where no variable asks for it."""

    meter: Meter = NO_METER
    exposition: Exposition | None = None
    tracing: "Tracing | None" = None


def open_telemetry() -> Telemetry:
    """What is installed and asked for. InvalidInput where tracing is asked for and cannot be had."""
    try:
        tracing = open_tracing(program="searchindex-service", version=__version__)
    except ImportError as error:
        raise InvalidInput(f"Tracing needs the package {error.name}.", hint="pip install 'searchindex[observability]'") from None
    except ValueError as error:
        raise InvalidInput(str(error), hint="The variables are those of OpenTelemetry; docs/observability.md lists them.") from None
    try:
        from observability.prometheus import PrometheusMeter  # noqa: PLC0415  # not installed on a laptop
    except ImportError:
        return Telemetry(tracing=tracing)
    meter = PrometheusMeter(Program.SERVICE, version=__version__)
    if tracing is not None:
        tracing.watch(meter)
    return Telemetry(meter=meter, exposition=meter.exposition, tracing=tracing)


def set_up_logs(settings: Settings) -> bool:
    """Whether the logs of this process go through one formatter now; not where its package is missing and no format is asked for."""
    try:
        from observability.logs import LogFormat, configure  # noqa: PLC0415  # not installed on a laptop
        from observability.tracing import WithTraceIds  # noqa: PLC0415
    except ImportError as error:
        if settings.log_format is None:
            return False
        raise InvalidInput(f"LOG_FORMAT needs the package {error.name}.", hint="pip install 'searchindex[observability]'") from None
    chosen = LogFormat(settings.log_format) if settings.log_format else None
    configure(level=settings.log_level, format=chosen, filters=[WithRequestId(), WithTraceIds()])
    return True


def describe_stages(tracing: "Tracing", settings: Settings, card: ModelCard) -> None:
    """What every span of a stage says, as OpenTelemetry's conventions for databases and generative AI name it."""
    searched: dict[str, str | int] = {
        "db.system.name": "qdrant",
        "db.operation.name": "query",
        "db.collection.name": settings.qdrant_collection,
    }
    if settings.index_path is None:
        searched |= {"server.address": settings.qdrant_host, "server.port": settings.qdrant_grpc_port}
    tracing.describe(Stage.SEARCH, searched)
    if settings.redis_host is not None and settings.redis_enabled:
        cached: dict[str, str | int] = {"db.system.name": "redis", "db.operation.name": "GET", "db.namespace": str(settings.redis_db)}
        tracing.describe(Stage.CACHE, cached | {"server.address": settings.redis_host, "server.port": settings.redis_port})
    encoded: dict[str, str | int] = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "searchindex",
        "gen_ai.request.model": card.name,
        "gen_ai.embeddings.dimension.count": card.dim,
    }
    tracing.describe(Stage.ENCODE, encoded)
