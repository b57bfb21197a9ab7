"""The whole measure of the default server's text tower, ViT-H-14 with random weights: what eight bits cost, and what a process holds.

Needs no torch, but minutes and 6 GB: so it is told with what does.
"""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

import onnxruntime as ort

from searchindex.catalogue import find_card
from searchindex.models import Precision, write_manifest
from tests.searchindex.encoders.models import prepared_text
from tests.searchindex.encoders.test_text_graph import compiled_encoding, encoding, queries
from tests.searchindex.encoders.towers import need_kernels, random_tower

COMPILED = "compiled"
QUERIES, CAPTIONS, PICTURES, TOP = 1000, 1000, 50_000, 10
ABOUT = PICTURES // QUERIES  # pictures about one query
NEAREST, FURTHEST = 0.05, 1.0  # their distance from it, relative to its length
OPENED = """
import json, sys, time
from pathlib import Path
began = time.perf_counter()
from searchindex.encoders.opening import open_text_encoder
from searchindex.encoders.runtime import Kind, Runtime
from searchindex.models import read_model
open_text_encoder(read_model(Path(sys.argv[1])), Runtime(kind=Kind(sys.argv[2])))
seconds = time.perf_counter() - began
status = Path("/proc/self/status").read_text()
peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "megabytes": peak / 1024}))
"""


@pytest.fixture(scope="module")
def tower():
    return random_tower(width=1024, layers=24, heads=16, dim=1024)


@pytest.fixture(scope="module")
def vectors(tower, tmp_path_factory):
    """The same queries and captions in both precisions."""
    folder, texts = tmp_path_factory.mktemp("huge"), queries(QUERIES + CAPTIONS, vocabulary=49_000)
    made = {}
    for precision in Precision:
        encode = encoding(tower, precision, folder)
        made[precision] = np.concatenate([encode(ids) for ids in texts])
        del encode
    encode = compiled_encoding(tower, folder)
    made[COMPILED] = np.concatenate([encode(ids) for ids in texts]) if encode else None
    return made


@pytest.fixture(params=[Precision.INT8, COMPILED])
def way(request):
    """Who multiplies in eight bits."""
    if request.param == COMPILED:
        need_kernels()
    return request.param


def test_the_cosine_of_a_thousand_queries(vectors, way):
    """Mean and worst of int8 against float32."""
    cosines = (vectors[way][:QUERIES].astype(float) * vectors[Precision.FP32][:QUERIES]).sum(axis=1)
    print(f"{way}: cosine of {QUERIES} queries: mean {cosines.mean():.5f}, worst {cosines.min():.5f}")  # noqa: T201 # read with pytest -s
    assert cosines.mean() >= 0.998
    assert cosines.min() >= 0.995


def test_what_is_found_among_fifty_thousand(vectors, way):
    """Most of the first ten by int8 are those by float32, though no picture is about what is asked and all directions count alike."""
    stored = pictures(vectors[Precision.FP32][QUERIES:])
    first, second = (found(vectors[each][:QUERIES], stored) for each in (Precision.FP32, way))
    overlap = np.mean([len(set(a) & set(b)) / TOP for a, b in zip(first, second, strict=True)])
    print(f"{way}: top-{TOP} overlap among {PICTURES} pictures: {overlap:.4f}")  # noqa: T201 # read with pytest -s
    assert overlap >= 0.9


def test_what_is_found_about_the_query(vectors, way):
    """Where pictures are about what is asked, some more and some less, the first ten by int8 are those by float32."""
    asked = [vectors[each][:QUERIES] for each in (Precision.FP32, way)]
    stored = about(asked[0])
    first, second = (found(each, stored) for each in asked)
    overlap = np.mean([len(set(a) & set(b)) / TOP for a, b in zip(first, second, strict=True)])
    print(f"{way}: top-{TOP} overlap among {len(stored)} pictures, {ABOUT} about each query: {overlap:.4f}")  # noqa: T201 # read with pytest -s
    assert overlap >= 0.98


def about(asked: np.ndarray) -> np.ndarray:
    """`ABOUT` for each query, at evenly growing distances from it, away along the queries' own directions with their falling variances."""
    chance, centred = np.random.default_rng(6), asked - asked.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    away = chance.standard_normal((len(asked) * ABOUT, len(spread))) * spread @ directions
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    distance = np.tile(np.linspace(NEAREST, FURTHEST, ABOUT), len(asked))[:, None]
    rows = (np.repeat(asked, ABOUT, axis=0) + distance * away).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pictures(captions: np.ndarray) -> np.ndarray:
    """Clusters around captions, spread along the captions' own directions with their falling variances, and a little in all."""
    chance, mean = np.random.default_rng(5), captions.mean(axis=0)
    centred = captions - mean
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    noise = chance.standard_normal((PICTURES, len(spread))) * spread / np.sqrt(len(captions)) @ directions
    own = centred[chance.integers(0, len(captions), PICTURES)]
    rows = (mean + own + noise).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def found(asked: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """The exact first ten of every row."""
    return np.argsort(-(asked @ stored.T), axis=1)[:, :TOP]


@pytest.mark.parametrize("kind", ["onnx", "auto"])
def test_a_query_process_is_small(tower, tmp_path, kind):
    """Digests, graph, tokenizer and golden texts included, with all that Python brings: under 0.8 GB at its largest."""
    write_manifest(replace(prepared_text(tmp_path, tower, Precision.INT8), card=find_card("ViT-H-14")))
    done = subprocess.run(  # noqa: S603 # our own
        [sys.executable, "-c", OPENED, str(tmp_path), kind], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    seen = json.loads(done.stdout)
    print(f"{kind}: ready after {seen['seconds']:.1f} s, {seen['megabytes']:.0f} MiB at most, onnxruntime {ort.__version__}")  # noqa: T201
    assert seen["megabytes"] < 0.8 * 1e9 / 2**20
