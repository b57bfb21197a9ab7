"""What the service is seen by, as its environment and its packages allow."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from searchindex.errors import InvalidInput
from service.settings import Settings
from service.telemetry import open_telemetry
from tests.collector import collector
from tests.engines import free_ports

# Stands for an environment of the one-process product: the packages of the extra cannot be imported.
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"prometheus_client", "structlog", "qdrant_client", "redis"} or name.startswith("opentelemetry.sdk"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""


def run(code: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | environ
    command = [sys.executable, "-c", WITHOUT + code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # our own program


def test_the_product_starts_without_the_packages():
    """`make demo` installs none of them: nothing that it imports may need them."""
    done = run("import cli.__main__, service.__main__\nfrom service.telemetry import *\nprint(open_telemetry())")
    assert done.returncode == 0, done.stderr
    assert "exposition=None, tracing=None" in done.stdout


@pytest.mark.parametrize(
    ("code", "environ"),
    [
        ("from service.telemetry import open_telemetry; open_telemetry()", {"OTEL_TRACES_EXPORTER": "otlp"}),
        ("from service.telemetry import *; set_up_logs(Settings(log_format='json'))", {}),
    ],
)
def test_what_is_asked_for_and_not_installed_is_named(code: str, environ: dict[str, str]):
    """Who switches something on is told what to install, at the start."""
    done = run(f"from searchindex.errors import InvalidInput\ntry:\n    {code}\nexcept InvalidInput as error:\n    print(error)", **environ)
    assert re.search(r"needs the package .*searchindex\[observability\]", done.stdout), done.stderr


def test_logs_stay_as_they_are_without_the_package():
    """Nobody asked for a format, so its absence is no error."""
    done = run("from service.telemetry import *; print(set_up_logs(Settings()))")
    assert done.stdout == "False\n", done.stderr


def test_a_variable_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch):
    """As every other setting."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    with pytest.raises(InvalidInput, match="OTEL_TRACES_EXPORTER"):
        open_telemetry()


@pytest.mark.parametrize("settings", [{"log_level": "loud"}, {"log_format": "xml"}, {"log_slow_ms": -1}])
def test_a_wrong_setting_is_refused(settings: dict[str, object]):
    """Before anything starts."""
    with pytest.raises(ValueError, match="log_"):
        Settings(**settings)


@contextmanager
def serving(folder: Path, **environ: str) -> Iterator[tuple["subprocess.Popen[str]", http.client.HTTPConnection]]:
    """`python -m service` over the small model and an index that is not there."""
    (port,) = free_ports(1)
    model = Path(__file__).parents[2] / "samples" / "model"
    environment = os.environ | {"API_PORT": str(port), "INDEX_PATH": str(folder / "none"), "MODEL_PATH": str(model)} | environ
    process = subprocess.Popen(
        [sys.executable, "-m", "service"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        yield process, connection
    finally:
        connection.close()
        process.kill()
        process.communicate()


def get_when_up(connection: http.client.HTTPConnection, process: "subprocess.Popen[str]", path: str) -> http.client.HTTPResponse:
    while process.poll() is None:
        try:
            connection.request("POST" if path == "/search" else "GET", path, '{"query": "x"}', {"X-Request-ID": "mine"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            threading.Event().wait(0.1)
        else:
            return answer
    raise AssertionError(process.communicate())


def test_the_program_logs_objects_that_name_request_and_trace(tmp_path: Path):
    """Whole: settings, formatter, request id, trace id, and a collector that hangs, which keeps neither answers nor the end."""
    with collector() as hung:
        hung.answers.clear()
        telemetry = {"OTEL_EXPORTER_OTLP_ENDPOINT": hung.endpoint, "OTEL_TRACES_SAMPLER": "always_on"}
        with serving(tmp_path, **telemetry) as (process, connection):
            answer = get_when_up(connection, process, "/search")
            assert (answer.status, len(answer.headers["x-trace-id"])) == (503, 32)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
    logged = [json.loads(line) for line in said.splitlines()]
    (line,) = [each for each in logged if each["logger"] == "service.observed"]
    assert (line["request_id"], line["trace_id"], line["status"]) == ("mine", answer.headers["x-trace-id"], 503)
    assert process.returncode == 0
