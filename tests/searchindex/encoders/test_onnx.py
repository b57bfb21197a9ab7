"""The ONNX encoders against vectors of open_clip, and against files that are wrong."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from searchindex.catalogue import Truncation
from searchindex.encoders.onnx import open_image_encoder, open_text_encoder
from searchindex.errors import ModelUnavailable
from searchindex.models import PreparedModel
from tests.golden import tiny
from tests.searchindex.encoders.models import GOLDEN, described, tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PreparedModel:
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with the tiny model, to be damaged and then `described`."""
    tiny_model(tmp_path)
    return tmp_path


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left * right).sum(axis=1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def test_texts_are_encoded_as_open_clip_does(model):
    """A search finds what the same model found elsewhere: texts of all lengths in one batch."""
    vectors = open_text_encoder(model).encode_texts(tiny.TEXTS)
    assert cosines(vectors, np.load(GOLDEN / "vectors.npz")["texts"]).min() >= 0.9999


def test_pictures_are_encoded_as_open_clip_does(model):
    """Pictures indexed elsewhere with the same model lie where ours do."""
    vectors = open_image_encoder(model).encode_images(tiny.pixels(5))
    assert cosines(vectors, np.load(GOLDEN / "vectors.npz")["images"]).min() >= 0.9999


def test_cutting_at_the_end_of_a_text_changes_no_vector(model):
    """The saving is exact: a text alone, in a batch with longer ones, and padded to the full context is one vector."""
    encoder = open_text_encoder(model)
    card = replace(model.card, text=replace(model.card.text, truncation=Truncation.NONE))
    padded = open_text_encoder(replace(model, card=card)).encode_texts(tiny.TEXTS)
    alone = np.concatenate([encoder.encode_texts([text]) for text in tiny.TEXTS])
    assert np.abs(encoder.encode_texts(tiny.TEXTS) - padded).max() < 1e-5
    assert np.abs(alone - padded).max() < 1e-5


def test_vectors_are_float32_of_unit_length(model):
    """The stores take nothing else."""
    for vectors in (open_text_encoder(model).encode_texts(tiny.TEXTS), open_image_encoder(model).encode_images(tiny.pixels(3))):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == model.card.dim
        assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-6


def test_long_batches_are_split_and_keep_their_order(model):
    """A batch beyond the internal size yields each text's own vector in its own row."""
    encoder, texts = open_text_encoder(model), [f"number {number}" for number in range(150)]
    vectors = encoder.encode_texts(texts)
    assert vectors.shape == (150, 32)
    assert np.abs(vectors[149] - encoder.encode_texts(texts[149:])[0]).max() < 1e-5
    images = open_image_encoder(model).encode_images(tiny.pixels(70))
    assert np.abs(images[:5] - np.load(GOLDEN / "vectors.npz")["images"]).max() < 1e-4


def test_nothing_yields_no_rows(model):
    """An empty batch is no error."""
    assert open_text_encoder(model).encode_texts([]).shape == (0, 32)
    assert open_image_encoder(model).encode_images(tiny.pixels(0)).shape == (0, 32)


def test_threads_do_not_change_vectors(model):
    """A pod's number of cores is no part of an answer."""
    one, two = (open_text_encoder(model, threads=threads).encode_texts(tiny.TEXTS) for threads in (1, 2))
    assert np.abs(one - two).max() < 1e-5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds threads")
def test_no_thread_is_bound_to_a_core(model):
    """Left to itself the runtime binds each to one, where it waits for whatever else is at work there while another core rests."""
    encoder = open_text_encoder(model)
    encoder.encode_texts(tiny.TEXTS)
    allowed = os.sched_getaffinity(0)
    assert all(os.sched_getaffinity(int(thread.name)) == allowed for thread in Path("/proc/self/task").iterdir())


def test_pixels_of_another_size_are_refused(model):
    """A picture that was prepared for another model is never encoded."""
    with pytest.raises(ValueError, match="32, 32"):
        open_image_encoder(model).encode_images(np.zeros((1, 3, 16, 16), np.float32))


@pytest.mark.parametrize("kept", [0, 100, 20_000])
def test_a_damaged_graph_is_a_missing_model(broken, kept):
    """A graph cut short is refused with a hint, even where its digest was taken after the damage."""
    whole = (broken / "text.onnx").read_bytes()
    (broken / "text.onnx").write_bytes(whole[:kept])
    with pytest.raises(ModelUnavailable, match="prepare the model again"):
        open_text_encoder(described(broken))


def test_noise_instead_of_a_graph_is_a_missing_model(broken):
    """No bytes in the place of a graph end in another error."""
    chance = np.random.default_rng(1)
    for size in (1, 10, 1000):
        (broken / "image.onnx").write_bytes(chance.bytes(size))
        with pytest.raises(ModelUnavailable):
            open_image_encoder(described(broken))


def test_a_graph_of_another_width_is_refused(model):
    """Vectors of another dimension than the card's never reach a collection."""
    wrong = replace(model, card=replace(model.card, dim=48))
    for opened in (open_text_encoder, open_image_encoder):
        with pytest.raises(ModelUnavailable, match="48"):
            opened(wrong)


def test_a_graph_of_another_picture_size_is_refused(model):
    """The card's preprocessing and the graph's input have to agree before anything is encoded."""
    wrong = replace(model, card=replace(model.card, image=replace(model.card.image, size=64)))
    with pytest.raises(ModelUnavailable, match="64"):
        open_image_encoder(wrong)


def test_towers_in_one_anothers_place_are_refused(model):
    """A manifest that mixes up its graphs is noticed at start."""
    with pytest.raises(ModelUnavailable, match="token ids"):
        open_text_encoder(replace(model, text=replace(model.text, graph=model.image.graph, weights=model.image.weights)))
    with pytest.raises(ModelUnavailable):
        open_image_encoder(replace(model, image=replace(model.image, graph=model.text.graph, weights=model.text.weights)))


def test_a_missing_tensor_is_named(broken):
    """Weights of another model are told from the right ones by name."""
    tensors = load_file(broken / "text.safetensors")
    del tensors["model.ln_final.weight"]
    save_file(tensors, broken / "text.safetensors")
    with pytest.raises(ModelUnavailable, match=r"model\.ln_final\.weight"):
        open_text_encoder(described(broken))


def test_tensors_that_the_graph_does_not_know_are_passed_over(broken):
    """A published file with more than one tower in it serves as it is."""
    tensors = load_file(broken / "text.safetensors") | {"pooler.weight": np.zeros(3, np.float32)}
    save_file(tensors, broken / "text.safetensors")
    assert open_text_encoder(described(broken)).encode_texts(["a"]).shape == (1, 32)


def test_a_tensor_of_another_shape_is_a_missing_model(broken):
    """Weights of another width end at start, not in wrong vectors."""
    tensors = load_file(broken / "text.safetensors") | {"model.ln_final.weight": np.zeros(5, np.float32)}
    save_file(tensors, broken / "text.safetensors")
    with pytest.raises(ModelUnavailable):
        open_text_encoder(described(broken))


def test_weights_that_are_no_safetensors_are_a_missing_model(broken):
    """A page of an error server in the place of weights is told as such."""
    (broken / "text.safetensors").write_bytes(b"<html>not found</html>")
    with pytest.raises(ModelUnavailable, match=r"text\.safetensors"):
        open_text_encoder(described(broken))


@pytest.mark.parametrize("value", [np.nan, np.inf, 0])
def test_vectors_that_are_none_are_refused(broken, value):
    """Weights that yield no direction never yield a hit."""
    tensors = load_file(broken / "text.safetensors")
    tensors["model.text_projection"][:] = value
    save_file(tensors, broken / "text.safetensors")
    with pytest.raises(ModelUnavailable, match="not finite"):
        open_text_encoder(described(broken)).encode_texts(["a cat"])


def test_a_damaged_tokenizer_is_a_missing_model(broken):
    """A tokenizer that cannot be read is refused at start."""
    (broken / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json"):
        open_text_encoder(described(broken))
