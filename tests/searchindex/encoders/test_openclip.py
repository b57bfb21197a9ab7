"""What an installation without torch says of the torch encoders."""

import importlib.util

import pytest

from searchindex.encoders.openclip import open_openclip
from searchindex.encoders.openclip_run import Run
from searchindex.errors import ModelUnavailable
from tests.golden import tiny


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed: nothing is missing")
def test_without_the_extra_it_is_named(tmp_path):
    """Who asks for a GPU without its packages learns what to install."""
    (tmp_path / "any.safetensors").write_bytes(b"")
    with pytest.raises(ModelUnavailable, match=r"pip install 'searchindex\[gpu\]'"):
        open_openclip(tiny.CARD, weights=tmp_path / "any.safetensors", run=Run())
