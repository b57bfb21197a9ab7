"""What all tests share."""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.faults.record import write

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # two cores, several workers
settings.load_profile("busy")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test marked `fault("F-39", cases=3)` is counted for docs/faults.md, as one that failed where it did."""
    report = yield
    marker = item.get_closest_marker("fault")
    if marker is not None and report.when == "call" and not report.skipped:
        cases = int(marker.kwargs.get("cases", 1))
        write(
            str(marker.args[0]),
            item.nodeid,
            cases=cases,
            bad=cases if report.failed else 0,
            measured=str(marker.kwargs.get("measured", "")),
        )
    return report


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests does not reach the product."""
    from service.settings import Settings  # noqa: PLC0415  # tests/torch run where the service's packages are not

    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    assert "SEARCH_TOP_K" not in os.environ
