"""F-01: schemathesis asks every operation of the served OpenAPI document what the document says, and what it forbids.

`make test` runs a few hundred cases, `make fuzz` more than 5,000 (FAULT_SCALE). What is found is reproduced by the seed.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import indexed, served
from tests.faults.record import record, scaled
from tests.faults.wire import Served

__all__ = ["indexed", "served"]  # fixtures

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
PROGRAM = "from schemathesis.cli import schemathesis; schemathesis()"


def of_another_shape(statuses: dict[str, dict]) -> list[str]:
    """Operations whose document promises an error of another shape than a problem document."""
    return [
        f"{path} {method} {status}"
        for path, operations in statuses.items()
        for method, operation in operations.items()
        for status, said in operation["responses"].items()
        if status.startswith("4") and "application/problem+json" not in said.get("content", {"application/problem+json": {}})
    ]


@pytest.mark.timeout(1800)
def test_every_operation_keeps_to_its_document(served: Served, tmp_path: Path):
    """No 5xx, no status, type, header or body that the document does not have; it has problem documents alone for errors."""
    document = json.loads(served.ask("GET", "/openapi.json").body)
    report = tmp_path / "report.json"
    command = [
        *(sys.executable, "-c", PROGRAM, "run", f"http://127.0.0.1:{served.port}/openapi.json"),
        *("-H", f"Authorization: Bearer {served.admin}", "--phases", "examples,coverage,fuzzing", "--max-examples", str(scaled(10))),
        *("--seed", "1", "--no-shrink", "--continue-on-failure", "--checks", ",".join(CHECKS), "--request-timeout", "30"),
        *("--report", "json", "--report-json-path", str(report), "--no-color"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603  # our own program
    assert report.is_file(), done.stdout + done.stderr
    found = json.loads(report.read_text())
    operations = sum(len(methods) for methods in document["paths"].values())
    assert found["operations"]["tested"] == operations >= 10
    assert (found["stop_reason"], found["errors"]) == ("completed", []), done.stdout[-3000:]
    said = [f"{each['title']}: {each['operations']}" for each in found["failures"]]
    assert not said, done.stdout[-6000:]
    record("F-01", found["test_cases"]["generated"], found["test_cases"]["with_failures"], measured=f"{operations} operations")


def test_the_document_promises_problem_documents(served: Served):
    """Every 4xx of every operation is of the one shape, or schemathesis would compare it with another."""
    paths = json.loads(served.ask("GET", "/openapi.json").body)["paths"]
    assert of_another_shape(paths) == []
