"""Prometheus, its promtool and a collector, as programs of this machine: built once from their Go modules, run on loopback.

`python -m e2e.monitoring.programs` builds them, which takes some minutes. What cannot be had is skipped with the reason; with
REQUIRE_ENGINES=1 it fails.
"""

import hashlib
import http.client
import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from e2e.cluster.commands import ClusterError
from e2e.cluster.place import find_place
from e2e.cluster.provisions import ensure_built, ensure_go
from tests.charts.render import only, render
from tests.engines import BUILD, Engine, EngineMissingError

SOURCE = Path(__file__).with_name("prometheus")
MODULE = "github.com/prometheus/prometheus/cmd"
NAMES = ("prometheus", "promtool")
HOST = "127.0.0.1"
BUILD_SECONDS = 1500


def prometheus_programs() -> Path:
    """The folder with `prometheus` and `promtool`; without the discovery of clouds, which is most of what would be compiled."""
    read = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in ("go.mod", "go.sum"))).hexdigest()[:12]
    folder = BUILD / f"prometheus-{read}"
    if all((folder / name).exists() for name in NAMES):
        return folder
    go = find_go()
    packages = [f"{MODULE}/{name}" for name in NAMES]
    command = ["nice", "-n", "19", go, "build", "-trimpath", "-ldflags=-s -w", "-tags=remove_all_sd", "-o", f"{folder}/", *packages]
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    done = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS)
    return folder if not done.returncode else missing(f"Prometheus cannot be built: {done.stderr[-300:]}")


def find_go() -> str:
    """The machine's own, else that of the local cluster."""
    try:
        return shutil.which("go") or ensure_go(find_place())
    except (ClusterError, OSError) as error:
        missing(f"There is no Go, and it cannot be installed: {error}")


def collector_program() -> Path:
    """The one that the local cluster has as an image."""
    place = find_place()
    try:
        place.built.mkdir(parents=True, exist_ok=True)
        return ensure_built(place, "otelcol")
    except (ClusterError, OSError) as error:
        missing(f"The collector cannot be built: {error}")


def start_prometheus(folder: Path, config: dict[str, Any], port: int) -> Engine:
    """With exemplars, and its data in `folder`."""
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    flags = [f"--web.listen-address={HOST}:{port}", f"--storage.tsdb.path={folder}/data", "--enable-feature=exemplar-storage"]
    command = [str(prometheus_programs() / "prometheus"), f"--config.file={folder}/prometheus.yaml", *flags]
    return started(Engine(command, folder, {}, lambda: answers(port, "/-/ready")))


def start_collector(folder: Path, ports: dict[int, int], spans: Path) -> Engine:
    """As the chart configures it, with `ports` (the chart's -> here), but that spans are written to a file as well."""
    manifests = render(
        "searchindex/charts/otel-collector", {"config": {"exporters": {"file": {"path": str(spans), "flush_interval": "200ms"}}}}
    )
    config = yaml.safe_load(only(manifests, "ConfigMap")["data"]["config.yaml"])
    config["service"]["pipelines"]["traces"]["exporters"].append("file")
    text = yaml.safe_dump(config)
    for theirs, ours in ports.items():
        text = (
            text.replace(f":{theirs}'", f"{HOST}:{ours}'")
            .replace(f":{theirs}\n", f"{HOST}:{ours}\n")
            .replace(f"port: {theirs}", f"port: {ours}")
        )
    (folder / "collector.yaml").write_text(text)
    command = [str(collector_program()), f"--config={folder}/collector.yaml"]
    return started(Engine(command, folder, {}, lambda: answers(ports[13133], "/")))


def started(engine: Engine) -> Engine:
    try:
        engine.start()
    except EngineMissingError as error:
        pytest.fail(str(error))
    return engine


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    with closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK


def missing(reason: str) -> NoReturn:
    (pytest.fail if os.environ.get("REQUIRE_ENGINES") == "1" else pytest.skip)(reason)


if __name__ == "__main__":
    try:
        prometheus_programs()
        collector_program()
    except pytest.skip.Exception as reason:
        print(reason)  # noqa: T201  # the tests will say so too
