"""Whether there are spans, and where they go, by OpenTelemetry's own variables: off, unless one of them asks for it.

On with `OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`) or `OTEL_TRACES_EXPORTER` (`otlp`, `console`, `none`); OTLP goes over gRPC.
The SDK reads the remaining variables itself. Nothing here is imported before tracing is asked for: its packages may not be installed.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from observability.tracing import Tracing

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
EXPORTERS = ("otlp", "console")


def exporter_of(environ: Mapping[str, str]) -> str | None:
    """`otlp` or `console`, None where tracing is off. ValueError names the variable that asks for what there is not."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    default = "otlp" if any(environ.get(name) for name in ENDPOINTS) else "none"
    wanted = (environ.get("OTEL_TRACES_EXPORTER") or default).strip().lower()
    if wanted == "none":
        return None
    if wanted not in EXPORTERS:
        raise ValueError(f"OTEL_TRACES_EXPORTER may be {', '.join(EXPORTERS)} or none.")
    protocol = next((environ[name] for name in PROTOCOLS if environ.get(name)), "grpc").strip().lower()
    if wanted == "otlp" and protocol != "grpc":
        raise ValueError("OTEL_EXPORTER_OTLP_PROTOCOL may be grpc: the collector's port 4317.")
    return wanted


def open_tracing(*, program: str, version: str, all_of_them: bool = False) -> "Tracing | None":
    """Tracing as the environment asks for it, else None. ValueError as above; ImportError where the packages are missing.

    `program`: `service.name`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES says another. `all_of_them`: whether every trace that
    begins here is kept where no variable says how many: of few and long ones.
    """
    wanted = exporter_of(os.environ)
    if wanted is None:
        return None
    from observability.export import SHARE, export_to, named_exporter  # noqa: PLC0415  # installed with the extra alone

    return export_to(named_exporter(wanted), program=program, version=version, share=1.0 if all_of_them else SHARE)
