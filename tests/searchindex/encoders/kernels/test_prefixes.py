"""What texts share at their beginnings is computed once, and never taken for what it is not."""

from hypothesis import given
from hypothesis import strategies as st

from searchindex.encoders.kernels.prefixes import Prefixes

SLOTS = 16
TEXTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=4).filter(
    lambda texts: sum(map(len, texts)) <= SLOTS
)


class Memory:
    """What a tower would hold in each slot: the tokens up to it, in place of what they come to."""

    def __init__(self) -> None:
        self.prefixes, self.slots = Prefixes(SLOTS), {}

    def encode(self, texts: list[list[int]]) -> int:
        """Goes through the rows as the kernels do, all of them at once, and returns how many there were."""
        rows = self.prefixes.rows(texts)
        assert len(set(rows.slots)) == len(rows.slots)
        for token, place, slot, text in zip(rows.ids, rows.places, rows.slots, rows.texts, strict=True):
            assert (token, slot) == (texts[text][place], rows.chains[text][place])
            self.slots[slot] = tuple(texts[text][: place + 1])
        for text, chain, last in zip(texts, rows.chains, rows.last, strict=True):
            assert [self.slots[slot] for slot in chain] == [tuple(text[: place + 1]) for place in range(len(text))]
            assert (rows.slots[last], rows.places[last]) == (chain[-1], len(text) - 1)
        return len(rows.ids)


@given(st.lists(TEXTS, max_size=30))
def test_every_place_of_every_text_holds_what_it_should(batches):
    """Whatever was asked for before, in one batch and over many, and however often slots were given to others."""
    memory = Memory()
    for texts in batches:
        memory.encode(texts)


def test_one_more_word_costs_two_rows():
    """The word and the end, however long the text is."""
    memory = Memory()
    assert memory.encode([[1, 2, 3, 9]]) == 4
    assert memory.encode([[1, 2, 3, 4, 9]]) == 2
    assert memory.encode([[1, 2, 3, 4, 9]]) == 1


def test_what_texts_of_a_batch_share_is_computed_once():
    """Beginnings alone: the same word behind others is another row."""
    assert Memory().encode([[1, 2, 9], [1, 2, 3, 9], [2, 9]]) == 3 + 2 + 2


def test_what_was_of_use_longest_ago_goes_first():
    """A beginning that is asked for again and again stays, whatever else comes."""
    memory = Memory()
    memory.encode([[5, 6, 9]])
    for word in range(100, 140):
        assert memory.encode([[5, 6, 9]]) == 1
        assert memory.encode([[word, word, word, 9]]) == 4
