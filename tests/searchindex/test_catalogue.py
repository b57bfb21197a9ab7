"""The model cards."""

import pytest

from searchindex.catalogue import Truncation, cards, find_card, read_card
from searchindex.errors import NotFound


def test_the_promised_models_are_there():
    """The default of a server, its smaller kin, a SigLIP2 and the small one can be named."""
    assert {"ViT-H-14/laion2b_s32b_b79k", "ViT-L-14/laion2b_s32b_b82k", "ViT-B-32/laion2b_s34b_b79k"} <= set(cards())
    assert {"ViT-B-16-SigLIP2/webli", "ResNet10-MiniLM/pictograms"} <= set(cards())


def test_an_architecture_alone_names_its_only_card():
    """`--model ViT-B-32` is enough."""
    assert find_card("ViT-B-32").pretrained == "laion2b_s34b_b79k"


def test_a_misspelt_name_is_met_with_the_nearest():
    """A person who mistypes learns what was meant."""
    with pytest.raises(NotFound) as caught:
        find_card("ViT-H14")
    assert "ViT-H-14" in caught.value.hint


def test_towers_that_see_their_padding_are_never_cut():
    """Cutting a SigLIP query would change its vector."""
    assert find_card("ViT-B-16-SigLIP2").text.truncation is Truncation.NONE


@pytest.mark.parametrize("card", cards().values(), ids=lambda card: card.name)
def test_every_card_is_whole(card):
    """A card has what preprocessing and export need, in range."""
    assert card.dim > 0
    assert card.image.size % 16 == 0
    assert min(card.image.std) > 0
    assert card.name == f"{card.architecture}/{card.pretrained}"
    assert card.slug.isprintable()
    assert "/" not in card.slug


def test_a_card_that_is_not_complete_is_refused():
    """A mistake in a card is found when it is read, not when a picture is wrong."""
    with pytest.raises((KeyError, TypeError)):
        read_card('name = "x"\n[text]\ncontext_length = 1\n[image]\nsize = 2')
