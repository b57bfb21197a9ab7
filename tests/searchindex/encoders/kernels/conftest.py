"""The kernels for a test; without what they need, its reason to be skipped."""

import numpy as np
import pytest

from searchindex.encoders.kernels.library import has_kernels


@pytest.fixture(autouse=True, scope="session")
def able() -> None:
    if not has_kernels():
        pytest.skip("the kernels need llvmlite, and x86-64 with AVX2, FMA and F16C")


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)
