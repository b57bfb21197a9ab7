"""What texts have in common at their beginnings, so that it is computed once: the rows of a causal tower depend on nothing behind them.

A slot of the towers' memory holds the key and value of one token behind certain others, in every block. Whoever types one word more, or
asks for something else that begins alike, has the slots of all that stands before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

_FIRST = -1  # in front of the first token of a text


@dataclass(slots=True)
class Rows:
    """What is to be computed: for each row its token, its place in the text, its slot and one of the texts that it is of. `chains`: the
    slots of each text, in the order of its tokens. `last`: the row that each text ends with.
    """

    ids: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    chains: list[list[int]] = field(default_factory=list)
    last: list[int] = field(default_factory=list)

    def add(self, token: int, slot: int) -> None:
        """As the next place of the last chain."""
        chain = self.chains[-1]
        self.ids.append(token)
        self.places.append(len(chain))
        self.slots.append(slot)
        self.texts.append(len(self.chains) - 1)


class Prefixes:
    """Which slot holds which beginning. The one that was of use longest ago is the first to go; it never has another behind it."""

    def __init__(self, slots: int) -> None:
        self._free = list(range(slots))
        self._slots: dict[tuple[int, int], int] = {}  # of a token behind the slot of another; the latest used is the last

    def rows(self, texts: Sequence[Sequence[int]]) -> Rows:
        """Of texts that have no more tokens in all than there are slots, each at least one. What they share with one another and with
        earlier ones is left out; their last tokens, which nothing can stand behind, are always computed.
        """
        rows, ends = Rows(), []
        for text in texts:
            rows.chains.append([])
            self._begin(rows, text[:-1])
            ends.append(self._take())
            rows.last.append(len(rows.ids))
            rows.add(text[-1], ends[-1])
            rows.chains[-1].append(ends[-1])
        self._free += ends
        return rows

    def _begin(self, rows: Rows, tokens: Sequence[int]) -> None:
        keys, slot = [], _FIRST
        for token in tokens:
            keys.append((slot, token))
            known = self._slots.pop(keys[-1], None)
            slot = self._take() if known is None else known
            self._slots[keys[-1]] = slot
            if known is None:
                rows.add(token, slot)
            rows.chains[-1].append(slot)
        for key in reversed(keys):  # the first token is the latest used: what stands behind others goes before them
            self._slots[key] = self._slots.pop(key)

    def _take(self) -> int:
        if not self._free:
            oldest = next(iter(self._slots))
            self._free.append(self._slots.pop(oldest))
        return self._free.pop()
