"""What a pod mounts: the model, and whom to believe to be the store."""

import os
from pathlib import Path

import pytest

from searchindex.errors import InvalidInput
from service.app import open_model, open_store
from service.settings import Settings, read_settings

MODEL = Path(__file__).parents[2] / "samples/model"


def test_only_the_weights_that_were_named_are_accepted():
    """A volume with another model in it stops the start, and says which it is."""
    found = open_model(Settings(model_path=MODEL)).fingerprint
    assert open_model(Settings(model_path=MODEL, model_fingerprint=found)).fingerprint == found
    with pytest.raises(InvalidInput, match=f"MODEL_FINGERPRINT is {'0' * 16}, but .* {found}"):
        open_model(Settings(model_path=MODEL, model_fingerprint="0" * 16))


def test_what_is_no_fingerprint_is_refused(monkeypatch: pytest.MonkeyPatch):
    """Before a model is looked for."""
    monkeypatch.setenv("MODEL_FINGERPRINT", "latest")
    with pytest.raises(InvalidInput, match="MODEL_FINGERPRINT"):
        read_settings()


def test_the_authority_is_the_one_that_was_mounted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """That one is believed and no other; where it is missing the start stops, as no connection would ever come about."""
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "")
    authority = tmp_path / "ca.crt"
    settings = Settings(qdrant_tls=True, qdrant_ca_file=authority)
    with pytest.raises(InvalidInput, match="QDRANT_CA_FILE"):
        open_store(settings)
    authority.write_text("")
    open_store(settings)
    assert os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] == str(authority)
