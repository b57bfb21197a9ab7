"""The torch encoders: equal to open_clip's own functions, and clear about what they cannot use."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

import torch

from searchindex.catalogue import Truncation, cards, find_card
from searchindex.encoders.openclip import open_openclip
from searchindex.encoders.openclip_model import Towers, cuts_exactly, text_features
from searchindex.encoders.openclip_packages import packages
from searchindex.encoders.openclip_run import Run
from searchindex.errors import ModelUnavailable
from tests.golden import tiny
from tests.torch.references import image_vectors, random_model, text_vectors

NOT_CAUSAL = ("MobileCLIP-S1", "ViT-B-16-SigLIP2-256", "coca_ViT-B-32")


def test_texts_and_pictures_are_encoded_as_by_open_clip(model, weights):
    """The reference for every graph is open_clip itself."""
    ours = open_openclip(tiny.CARD, weights=weights, run=Run())
    assert np.abs(ours.encode_texts(tiny.TEXTS) - text_vectors(model, list(tiny.TEXTS))).max() < 1e-5
    assert np.abs(ours.encode_images(tiny.pixels(40)) - image_vectors(model, tiny.pixels(40))).max() < 1e-5


def test_cutting_after_the_end_is_exact(model):
    """Whatever stands behind the end of a text, and however much of it, the vector is the same."""
    ids = torch.randint(1, 49406, (4, 77))
    ids[:, 9] = 49407
    ids[:, 10:] = 0
    for length in (10, 11, 40, 77):
        assert (text_features(model, ids[:, :length], cut=True) - model.encode_text(ids)).abs().max() < 1e-5


def test_the_text_tower_serves_alone(weights, model):
    """A query's process holds no image tower."""
    ours = open_openclip(tiny.CARD, weights=weights, run=Run(), towers=Towers.TEXT)
    assert not hasattr(ours.model, "visual")
    assert np.abs(ours.encode_texts(["a cat"]) - text_vectors(model, ["a cat"])).max() < 1e-5


def test_a_padded_card_is_served_by_open_clips_function(weights, model):
    """A card that cuts nothing gets full rows."""
    card = replace(tiny.CARD, text=replace(tiny.CARD.text, truncation=Truncation.NONE))
    ours = open_openclip(card, weights=weights, run=Run())
    assert np.abs(ours.encode_texts(["a cat"]) - text_vectors(model, ["a cat"])).max() < 1e-5


@pytest.mark.parametrize("architecture", NOT_CAUSAL)
def test_architectures_that_see_their_padding_are_told(architecture):
    """No tower is cut that was not proven."""
    assert not cuts_exactly(random_model(architecture))


def test_every_card_that_cuts_is_proven():
    """The cards of this repository say of their towers what is so."""
    open_clip, _ = packages()
    cut = [card for card in cards().values() if card.text.truncation is Truncation.END_OF_TEXT]
    for card in cut:
        config = open_clip.get_model_config(card.architecture)["text_cfg"]
        assert not config.get("no_causal_mask", False)
        assert config.get("pool_type", "argmax") == "argmax"
        assert not config.get("embed_cls", False)


def test_an_inexact_card_is_refused(weights):
    """A wrong line in a card never costs results silently."""
    card = replace(tiny.CARD, text=replace(tiny.CARD.text, truncation=Truncation.PADDING))
    with pytest.raises(ModelUnavailable, match="padding"):
        open_openclip(card, weights=weights, run=Run())


def test_weights_of_another_architecture_are_refused(weights):
    """Weights that do not fit are named with where the right ones are."""
    card = find_card("ViT-B-32/laion2b_s34b_b79k")
    with pytest.raises(ModelUnavailable, match=r"tiny\.safetensors.*ViT-B-32.*hf-hub:laion"):
        open_openclip(card, weights=weights, run=Run())


def test_damaged_weights_are_refused(weights, tmp_path):
    """Half a download is refused."""
    (tmp_path / "half.safetensors").write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(ModelUnavailable, match=r"half\.safetensors"):
        open_openclip(tiny.CARD, weights=tmp_path / "half.safetensors", run=Run())


def test_a_pickle_is_refused_unless_allowed(model, tmp_path):
    """A file that is a program runs only on request."""
    torch.save(model.state_dict(), tmp_path / "tiny.pt")
    with pytest.raises(ModelUnavailable, match="not a safetensors file"):
        open_openclip(tiny.CARD, weights=tmp_path / "tiny.pt", run=Run())
    allowed = open_openclip(tiny.CARD, weights=tmp_path / "tiny.pt", run=Run(), allow_pickle=True)
    assert allowed.encode_texts(["a"]).shape == (1, 32)


def test_a_device_that_is_not_there_is_told(weights):
    """A pod without its GPU says so at start."""
    with pytest.raises(ModelUnavailable, match="cuda:7"):
        open_openclip(tiny.CARD, weights=weights, run=Run(device="cuda:7"))


def test_an_unknown_architecture_is_told(weights):
    """A card for a newer open_clip names what has to be upgraded."""
    with pytest.raises(ModelUnavailable, match="ViT-Z"):
        open_openclip(replace(tiny.CARD, architecture="ViT-Z"), weights=weights, run=Run())


def test_without_a_network_the_source_and_another_way_are_named():
    """Where weights cannot be fetched, the message says from where, and what to do without a network."""
    with pytest.raises(ModelUnavailable, match=r"hf-hub:nobody/nothing.*--weights FILE"):
        open_openclip(tiny.CARD, weights=None, run=Run())
