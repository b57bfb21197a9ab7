"""A whole tower in compiled kernels, and the threads that compute it."""

import gc
import threading

import numpy as np
import pytest

from searchindex.encoders.exported_tower import read_exported
from searchindex.encoders.kernels.layout import MOST_ROWS
from searchindex.encoders.kernels.tower import CompiledTower
from searchindex.encoders.text_graph import write_text_graph
from searchindex.encoders.towers import Activation
from searchindex.models import Precision
from tests.searchindex.encoders.towers import random_tower, vectors_of

START, END, WORDS = 49406, 49407, 49408


def exported(folder, tower):
    return read_exported(folder / "text.onnx", write_text_graph(tower, Precision.INT8, folder / "text.onnx"))


def texts(*lengths: int) -> np.ndarray:
    """Ids of made-up texts, padded behind their ends."""
    chance, ids = np.random.default_rng(3), np.zeros((len(lengths), max(lengths)), np.int64)
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = [START, *chance.integers(1, 30_000, length - 2), END]
    return ids


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def source():
    return random_tower(width=64, layers=3, heads=4, dim=24)


@pytest.fixture(scope="module")
def tower(source, tmp_path_factory):
    return CompiledTower(exported(tmp_path_factory.mktemp("tower"), source), threads=2)


@pytest.mark.parametrize("activation", Activation)
def test_vectors_are_the_towers(tmp_path, activation):
    """Each text by itself and to its end, as the plain computation in float64 has it: the weights' eight bits are all that differs."""
    source = random_tower(width=128, layers=4, heads=2, dim=32, activation=activation)
    ids = texts(2, 3, 8, 9, 20, 77)
    found = unit(CompiledTower(exported(tmp_path, source), threads=2).run(ids))
    expected = np.stack([vectors_of(source, row[None, : row.argmax() + 1])[0] for row in ids])
    assert (found * expected).sum(axis=1).min() >= 0.999


def test_a_text_has_one_vector_whatever_goes_with_it(source, tower, tmp_path):
    """To the last bit: alone, in a batch, and in one that does not fit into a single run."""
    ids, other = texts(*[2, 9, 30, 77] * 5), CompiledTower(exported(tmp_path, source), threads=2)
    assert (ids.argmax(axis=1)).sum() > MOST_ROWS
    together, alone = other.run(ids), np.concatenate([tower.run(row[None]) for row in ids])
    assert np.array_equal(together, alone)


def test_a_text_has_one_vector_whatever_came_before(source, tower, tmp_path):
    """To the last bit, as it is typed, word by word, beside others, and after so many that its beginning has been forgotten."""
    whole, others = texts(12)[0], texts(*[40] * 12)
    typed = np.zeros((10, 12), np.int64)
    for row, count in zip(typed, range(2, 12), strict=True):
        row[: count + 1] = [*whole[:count], END]
    other = CompiledTower(exported(tmp_path, source), threads=2)
    for number, row in enumerate(typed):
        assert np.array_equal(other.run(row[None]), tower.run(typed)[number : number + 1])
        assert np.array_equal(other.run(others[number][None]), tower.run(others[number : number + 1]))
    assert np.array_equal(other.run(typed), tower.run(typed[::-1])[::-1])


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_threads_change_nothing(source, tower, tmp_path, threads):
    """More than there are cores, or panels in a layer, neither hang nor leave anything out."""
    ids = texts(5, 14)
    other = CompiledTower(exported(tmp_path, source), threads=threads)
    for _ in range(20):
        assert np.array_equal(other.run(ids), tower.run(ids))


def test_threads_end_with_their_tower(source, tmp_path):
    """A tower that nobody has any more leaves no thread behind."""
    before = set(threading.enumerate())
    tower = CompiledTower(exported(tmp_path, source), threads=4)
    its = set(threading.enumerate()) - before
    assert len(its) == 3
    tower.run(texts(4))
    del tower
    gc.collect()
    assert not any(thread.is_alive() for thread in its)


@pytest.mark.parametrize(
    "ids", [[START, WORDS, END], [START, -1, END], [END, 1, 1], [START, *[5] * 76, END]], ids=["word", "negative", "empty", "long"]
)
def test_ids_without_rows_are_refused(tower, ids):
    """Native code reads wherever it is told to: what lies outside the tower never comes that far."""
    with pytest.raises(ValueError, match="not those of texts"):
        tower.run(np.array([ids]))
