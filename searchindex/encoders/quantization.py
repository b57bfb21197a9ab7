"""Weights in eight bits: symmetric, one scale for each output channel, all of -127..127."""

import numpy as np
from numpy.typing import NDArray

from searchindex.encoders.towers import Floats

STEPS = 127


def quantize_channels(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """From [out, in] to int8 [in, out], as the runtime multiplies them, and the scale of each channel, float32 [out]."""
    scales = np.abs(weight).max(axis=1) / np.float32(STEPS)
    scales[scales == 0] = 1  # a channel of zeros
    steps = np.rint(weight / scales[:, None])
    return np.ascontiguousarray(steps.astype(np.int8).T), scales
