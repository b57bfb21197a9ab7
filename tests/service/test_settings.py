"""Settings from the environment."""

import pytest

from searchindex.errors import InvalidInput
from service.settings import Settings, read_settings


def test_the_defaults_are_the_seeds():
    """A service without a single variable is the seed's service."""
    settings = read_settings()
    assert (settings.clip_model_name, settings.clip_pretrained) == ("ViT-H-14", "laion2b_s32b_b79k")
    assert (settings.search_top_k, settings.search_score_threshold, settings.api_workers) == (10, 0.0, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("API_PORT", "99999"), ("SEARCH_TOP_K", "ten"), ("API_WORKERS", "4"), ("SEARCH_SCORE_THRESHOLD", "1.5"), ("QDRANT_TIMEOUT", "-77")],
)
def test_a_wrong_value_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    """The message has the variable's name and what it may be; the value may be a secret in the wrong place."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput, match=name) as caught:
        read_settings()
    assert value not in str(caught.value)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch):
    """No log line that prints the settings has the key in it."""
    monkeypatch.setenv("QDRANT_API_KEY", "very-secret")
    assert "very-secret" not in repr(read_settings())


def test_every_setting_is_described():
    """The reference is generated from these sentences."""
    assert all(field.description for field in Settings.model_fields.values())
