"""The kernels for a test; without what they need, its reason to be skipped."""

import numpy as np
import pytest

from tests.searchindex.encoders.towers import need_kernels


@pytest.fixture(autouse=True, scope="session")
def able() -> None:
    need_kernels()


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)
