"""A picture that the model cannot encode."""

import numpy as np
import pytest

from jobs.encode import encode_apart
from searchindex.errors import ModelUnavailable
from tests.fakes import FakeImageEncoder

BAD = 7.0


class Choking(FakeImageEncoder):
    """Fails for a whole batch with a picture of BAD in it; counts its calls."""

    def __init__(self, *, silently: bool = False) -> None:
        super().__init__()
        self.calls = 0
        self.silently = silently

    def encode_images(self, pixels: np.ndarray) -> np.ndarray:
        self.calls += 1
        bad = (pixels == BAD).any((1, 2, 3))
        rows = super().encode_images(pixels)
        if self.silently:
            rows[bad] = np.nan
        elif bad.any():
            raise RuntimeError("the runtime gave up")
        return rows


def batch(count: int, *bad: int) -> np.ndarray:
    pixels = np.random.default_rng(0).random((count, 3, 4, 4), np.float32)
    pixels[list(bad)] = BAD
    return pixels


@pytest.mark.parametrize("silently", [False, True])
@pytest.mark.parametrize("bad", [(), (0,), (15,), (3, 4), (0, 5, 10)])
def test_the_others_are_encoded_as_without_it(bad: tuple[int, ...], silently: bool):  # noqa: FBT001
    """Whether the runtime raises or yields what is no number, only the culprits have no row; the others keep their places."""
    pixels = batch(16, *bad)
    rows = encode_apart(Choking(silently=silently), pixels)
    assert [at for at, row in enumerate(rows) if row is None] == list(bad)
    for row, expected in zip(rows, FakeImageEncoder().encode_images(pixels), strict=True):
        assert row is None or np.array_equal(row, expected)


def test_a_good_batch_is_encoded_once():
    """Caution costs nothing where nothing is wrong, and little where one picture is."""
    good, one = Choking(), Choking()
    encode_apart(good, batch(16))
    encode_apart(one, batch(16, 3))
    assert (good.calls, one.calls) == (1, 9)


def test_a_model_that_fails_at_everything():
    """Eight pictures and no vector: a broken device must not count every picture as bad, and remove them all."""
    with pytest.raises(ModelUnavailable):
        encode_apart(Choking(), batch(8, *range(8)))
    assert encode_apart(Choking(), batch(3, *range(3))) == [None] * 3
