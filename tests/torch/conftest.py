"""What `make test-torch` proves live, where torch and open_clip are installed; elsewhere these files are skipped, and say why."""

import os
from pathlib import Path
from typing import Any

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when open_clip is imported: these tests behave alike with and without a network


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.torch)
            item.add_marker(pytest.mark.filterwarnings("ignore"))  # of torch and open_clip about themselves


@pytest.fixture(autouse=True)
def no_settings_from_outside() -> None:
    """Nothing here reads settings, and the packages of the service need not be installed beside torch."""


@pytest.fixture(scope="module")
def model() -> Any:
    """open_clip's model of the golden fixtures: small, with weights that follow from their names."""
    from tests.golden.make import tiny_model  # noqa: PLC0415  # torch, which is not there in `make test`

    return tiny_model()


@pytest.fixture(scope="module")
def weights(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its own, in a file."""
    from tests.torch.references import save_weights  # noqa: PLC0415  # likewise

    return save_weights(model, tmp_path_factory.mktemp("weights") / "tiny.safetensors")
