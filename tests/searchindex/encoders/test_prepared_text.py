"""Prepared text towers: what is proven before one serves, and what is refused."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from searchindex.catalogue import find_card
from searchindex.encoders import compiled, onnx
from searchindex.encoders.golden import TEXTS, write_golden
from searchindex.encoders.onnx import open_image_encoder
from searchindex.errors import ModelUnavailable
from searchindex.models import Precision, PreparedModel, read_model, write_manifest
from tests.faults.record import record
from tests.golden import tiny
from tests.searchindex.encoders.models import file, prepared_text
from tests.searchindex.encoders.towers import GOLDEN, need_kernels, random_tower, tiny_tower

ROOT = Path(__file__).parents[3]
STARVED = """
import resource, sys
from pathlib import Path
from searchindex.encoders.sessions import open_graph
from searchindex.errors import ModelUnavailable
from searchindex.models import read_model
model = read_model(Path(sys.argv[1]))
if sys.argv[3] == "compiled":
    from searchindex.encoders.compiled import open_tower
    from searchindex.encoders.kernels.library import library
    library()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]), -1))
try:
    open_tower(model, threads=1) if sys.argv[3] == "compiled" else open_graph(model, model.text.graph, model.text.weights, threads=1)
except ModelUnavailable as error:
    print(error.message)
"""


@pytest.fixture(params=["fp32 onnx", "int8 onnx", "int8 compiled"])
def way(request) -> list[str]:
    """A precision, and what runs it."""
    if "compiled" in request.param:
        need_kernels()
    return request.param.split()


@pytest.fixture
def prepared(way, tmp_path) -> PreparedModel:
    return prepared_text(tmp_path, tiny_tower(), Precision(way[0]))


@pytest.fixture
def open_text_encoder(way):
    return {"onnx": onnx, "compiled": compiled}[way[1]].open_text_encoder


@pytest.fixture
def refused(open_text_encoder):
    """Asks for nothing but that opening a model says a reason: the empty list, where it does."""

    def asked(model: PreparedModel, reason: str) -> list[str]:
        try:
            open_text_encoder(model)
        except ModelUnavailable as error:
            return [] if reason in error.message else [error.message]
        return ["it was opened"]

    return asked


def test_a_prepared_tower_encodes_as_open_clip_does(prepared, open_text_encoder):
    """The whole way from text to vector, weights mapped from the file beside the graph."""
    vectors = open_text_encoder(prepared).encode_texts(tiny.TEXTS)
    expected = np.load(GOLDEN / "vectors.npz")["texts"]
    assert (vectors.astype(float) * expected).sum(axis=1).min() >= prepared.text.precision.least_cosine


def test_a_manifest_keeps_the_precision(prepared):
    """Who looks into a folder sees what it was prepared in."""
    model = replace(prepared, card=find_card("ViT-B-32"))
    write_manifest(model)
    assert read_model(prepared.folder) == model


def test_whoever_shares_the_folder_can_read_it(prepared):
    """Pods of another user than the one that prepared the model open it."""
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in prepared.folder.iterdir())


def test_wrong_weights_are_never_served(prepared, refused):
    """Cut short, changed in a single bit, of another model, or missing: refused at start, with the reason."""
    path, wrong = prepared.folder / "text.safetensors", []
    whole = path.read_bytes()
    other = bytearray(whole)
    other[len(whole) // 2] ^= 64
    for content in (whole[:-1], whole[: len(whole) // 2], b"", bytes(other), b"<html>" + whole[6:]):
        path.write_bytes(content)
        wrong += refused(prepared, "not the file")
    path.unlink()
    wrong += refused(prepared, "is missing")
    record("F-46", 6, wrong)


def test_a_damage_that_was_described_is_noticed_by_the_golden_texts(prepared, refused):
    """A digest says that a file is what it was; that it computes what the reference did, only the reference's vectors say."""
    path = prepared.folder / "text.safetensors"
    content = bytearray(path.read_bytes())
    content[-60_000:] = bytes(60_000)
    path.write_bytes(bytes(content))
    described = replace(prepared, text=replace(prepared.text, weights=file(prepared.folder, "text.safetensors")))
    record("F-46", 1, refused(described, "not those of the reference"))


def test_vectors_of_another_reference_are_refused(prepared, refused):
    """A tower that disagrees with its reference is not served, be it the machine's arithmetic or the file."""
    turned = np.random.default_rng(3).standard_normal((len(TEXTS), 32)).astype(np.float32)
    wrong = []
    for vectors, said in (
        (turned / np.linalg.norm(turned, axis=1, keepdims=True), "not those of the reference"),
        (turned[:2], "no vectors"),
    ):
        write_golden(prepared.folder / "golden.safetensors", vectors)
        described = replace(prepared, text=replace(prepared.text, golden=file(prepared.folder, "golden.safetensors")))
        wrong += refused(described, said)
    record("F-46", 2, wrong)


def test_another_dimension_than_the_cards_is_refused(prepared, refused):
    """A card that says another width is told before anything is encoded."""
    record("F-46", 1, refused(replace(prepared, card=replace(prepared.card, dim=48)), "48"))


def test_a_model_for_queries_alone_encodes_no_pictures(prepared):
    """The reason is said, and how to get the other tower."""
    with pytest.raises(ModelUnavailable, match="text-only"):
        open_image_encoder(prepared)


def test_too_little_memory_is_told(tmp_path, way):
    """A process whose memory does not hold the tower says so at start, and is not killed."""
    tower = random_tower(width=256, layers=4, heads=4, dim=512)
    write_manifest(replace(prepared_text(tmp_path, tower, Precision(way[0])), card=find_card("ViT-B-32")))
    wrong = []
    for megabytes in (1, 8, 24, 56) if way[0] == Precision.FP32 else (1, 3, 5):
        command = [sys.executable, "-c", STARVED, str(tmp_path), str(megabytes * 2**20), way[1]]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)  # noqa: S603 # our own
        wrong += [] if "cannot be" in done.stdout else [(megabytes, done.returncode, done.stdout[-200:], done.stderr[-500:])]
    record("F-46", 4 if way[0] == Precision.FP32 else 3, wrong)
