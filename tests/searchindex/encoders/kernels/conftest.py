"""The kernels for a test; without what they need, its reason to be skipped."""

import numpy as np
import pytest

from searchindex.encoders.kernels.machine import can_compile


@pytest.fixture(autouse=True, scope="session")
def able() -> None:
    if not can_compile():
        pytest.skip("the kernels need llvmlite, and x86-64 with AVX2, FMA and F16C")


@pytest.fixture(scope="session")
def kernels(able):  # noqa: ARG001
    from tests.searchindex.encoders.kernels.calling import Kernels  # noqa: PLC0415  # with llvmlite, which is not everywhere

    return Kernels()


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)
