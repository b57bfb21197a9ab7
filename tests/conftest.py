"""What all tests share."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # two cores, several workers
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests does not reach the product."""
    from service.settings import Settings  # noqa: PLC0415  # tests/torch run where the service's packages are not

    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    assert "SEARCH_TOP_K" not in os.environ
