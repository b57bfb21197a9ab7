"""The controller's settings, from flat environment variables; read once."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the installation says. What an index should be stands in its SearchIndex."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    indexer_image: str = Field("searchindex-jobs:latest", description="Image of the indexing pods.")
    indexer_gpu_image: str = Field("searchindex-jobs-gpu:latest", description="Image of those with a GPU.")
    indexer_pull_policy: str = Field("IfNotPresent", description="As a container's imagePullPolicy.")
    otel_exporter_otlp_endpoint: str = Field(
        "", description="Collector that indexing pods send spans to, as `http://host:4317`; empty: none."
    )
    watch_namespaces: str = Field("", description="Comma-separated; empty: the whole cluster.")
    pod_namespace: str = Field("default", description="Where the Lease lies.")
    pod_name: str = Field("searchindex-controller", description="This process's name in the Lease.")
    lease_name: str = Field("searchindex-controller", description="One controller holds it and acts.")
    health_host: str = Field("0.0.0.0", description="Address of /healthz, /readyz and /metrics.")  # noqa: S104  # the kubelet asks from outside
    health_port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="Their port.")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(4, description="SearchIndexes that are reconciled at a time.")
    resync_seconds: Annotated[float, Field(gt=0)] = Field(28.0, description="An index is looked at at least this often.")
    delete_timeout_seconds: Annotated[float, Field(gt=0)] = Field(60.0, description="How long a deletion waits for an unreachable store.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Empty: all."""
        return tuple(each.strip() for each in self.watch_namespaces.split(",") if each.strip())
