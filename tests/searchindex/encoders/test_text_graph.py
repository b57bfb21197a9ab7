"""The text tower's graph: exact where it says so, close enough where it does not, and the same for a text in any company."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from searchindex.encoders.clip_vocabulary import END_OF_TEXT, START_OF_TEXT, clip_tokenizer, installed_merges
from searchindex.encoders.exported_tower import read_exported
from searchindex.encoders.kernels.library import has_kernels
from searchindex.encoders.kernels.tower import CompiledTower
from searchindex.encoders.rows import unit_rows
from searchindex.encoders.sessions import _options
from searchindex.encoders.text_graph import write_text_graph
from searchindex.encoders.tokenizer import wrap_tokenizer
from searchindex.encoders.towers import Activation, TextTower
from searchindex.models import Precision
from tests.golden import tiny
from tests.searchindex.encoders.towers import GOLDEN, need_kernels, random_tower, tiny_tower, vectors_of

KINDS = {
    "CLIP's": {},
    "OpenAI's CLIP": {"activation": Activation.QUICK_GELU},
    "SigLIP's": {"activation": Activation.GELU_TANH, "causal": False, "pools_at_end": False, "start": None},
    "a causal one of another vocabulary": {"start": None},
}


def encoding(tower: TextTower, precision: Precision, folder: Path):
    """With the options that the product serves with: without VNNI, eight-bit products would saturate otherwise."""
    write_text_graph(tower, precision, folder / f"{precision}.onnx")
    session = ort.InferenceSession(folder / f"{precision}.onnx", _options(None))
    return lambda ids: session.run(None, {"input_ids": ids})[0]


def compiled_encoding(tower: TextTower, folder: Path):
    """The same eight bits by compiled kernels; None where there are none."""
    if not has_kernels():
        return None
    graph = folder / "compiled.onnx"
    run = CompiledTower(read_exported(graph, write_text_graph(tower, Precision.INT8, graph)), threads=2).run
    return lambda ids: unit_rows(run(ids), dim=tower.dim, name=graph.name)


def queries(count: int, *, vocabulary: int = 1000, length: int | None = None, seed: int = 1) -> list[np.ndarray]:
    """Texts of 4 to 16 tokens as ids, one row each."""
    chance, rows = np.random.default_rng(seed), []
    for _ in range(count):
        inner = chance.integers(1, vocabulary, (length or int(chance.integers(4, 17))) - 2)
        rows.append(np.concatenate([[START_OF_TEXT], inner, [END_OF_TEXT]])[None].astype(np.int64))
    return rows


@pytest.fixture(scope="module")
def towers(tmp_path_factory):
    """A tower of ViT-B-32's size with random weights, in both precisions."""
    folder, tower = tmp_path_factory.mktemp("towers"), random_tower(width=512, layers=12, heads=8, dim=512)
    return {precision: encoding(tower, precision, folder) for precision in Precision} | {"compiled": compiled_encoding(tower, folder)}


def test_in_float32_the_vectors_are_open_clips(tmp_path):
    """What is left out changes nothing: whole rows with all that stands behind the end of the texts."""
    ids, _ = wrap_tokenizer(tiny.CARD.text, clip_tokenizer(installed_merges())).encode(tiny.TEXTS)
    expected = np.load(GOLDEN / "vectors.npz")["texts"]
    assert np.abs(encoding(tiny_tower(), Precision.FP32, tmp_path)(ids) - expected).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_tower_is_computed_as_written_down(kind, tmp_path):
    """Activation, mask, pooling and first token are the tower's own, alone and in a batch."""
    tower = random_tower(width=64, layers=3, heads=4, dim=48, seed=2, **KINDS[kind])
    encode = encoding(tower, Precision.FP32, tmp_path)
    ids = np.concatenate(queries(4, length=77 if not tower.causal else 9))
    expected = vectors_of(tower, ids)
    assert np.abs(encode(ids) - expected).max() < 1e-5
    assert np.abs(encode(ids[:1]) - expected[:1]).max() < 1e-5


def test_the_first_token_alone_is_a_text(tmp_path):
    """The shortest text there is, and the longest, leave rows to compute."""
    tower = random_tower(width=64, layers=2, heads=4, dim=48)
    encode = encoding(tower, Precision.FP32, tmp_path)
    for length in (2, 77):
        ids = queries(1, length=length)[0]
        assert np.abs(encode(ids) - vectors_of(tower, ids)).max() < 1e-5


@pytest.mark.parametrize("way", [Precision.INT8, "compiled"])
def test_eight_bits_are_close_to_float32(towers, way):
    """What is found with the one is found with the other."""
    if way == "compiled":
        need_kernels()
    cosines = [float((towers[way](ids) * towers[Precision.FP32](ids)).sum()) for ids in queries(250)]
    assert np.mean(cosines) >= 0.998
    assert min(cosines) >= 0.995


def test_company_does_not_change_a_text(towers):
    """A query encoded with seven others is where it is alone: exactly in float32, closely in eight bits, whose scale is the batch's."""
    rows = queries(8, length=10)
    for precision in Precision:
        encode = towers[precision]
        alone, together = np.concatenate([encode(row) for row in rows]), encode(np.concatenate(rows))
        assert (alone * together).sum(axis=1).min() >= precision.least_cosine


def test_a_graph_holds_none_of_its_weights(tmp_path):
    """They are mapped from the file beside it, which no process copies."""
    encoding(random_tower(width=64, layers=2, heads=4, dim=48), Precision.INT8, tmp_path)
    assert (tmp_path / "int8.onnx").stat().st_size < 60_000
    assert (tmp_path / "int8.safetensors").stat().st_size > 49408 * 64 * 2
