"""The steps of a whole tower: which kernel, over which memory, one after the other."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchindex.encoders.exported_tower import QuantizedBlock, QuantizedLinear, QuantizedTower
from searchindex.encoders.kernels.layout import CONTEXT, MOST_ROWS, SLOTS, group_words, pack, room, row_words, steps
from searchindex.encoders.kernels.prefixes import Prefixes
from searchindex.encoders.kernels.signatures import activate, attend, attend_last
from searchindex.encoders.towers import Floats, Norm

Arguments = dict[str, int | NDArray[Any]]
Step = tuple[str, Arguments]  # a kernel and its arguments, by their names


class Counted:
    """How many rows there are, at an address that stays: for the kernels that quantise them, and for those that multiply them."""

    def __init__(self) -> None:
        self.words, self.groups = (np.zeros(1 + 2 * MOST_ROWS, np.int64) for _ in range(2))

    def set(self, count: int) -> None:
        for words, now in ((self.words, row_words(count)), (self.groups, group_words(count))):
            words[: len(now)] = now


class Plan:
    """Weights and working memory of a tower, for MOST_ROWS rows at a time, and the steps over them."""

    def __init__(self, tower: QuantizedTower) -> None:
        sizes, width = tower.sizes, tower.sizes.width
        self._tower, self._width = tower, width
        self._prefixes = Prefixes(SLOTS)
        self._rows, self._texts = Counted(), Counted()
        self._ids, self._places, self._slots, self._text, self._ends = (np.zeros(MOST_ROWS, np.int64) for _ in range(5))
        self._chains = np.zeros((MOST_ROWS, CONTEXT), np.int64)
        self._stream, self._last, self._mixed = (np.zeros((MOST_ROWS, width), np.float32) for _ in range(3))
        self._qkv, self._hidden = (np.zeros((MOST_ROWS, columns), np.float32) for columns in (3 * width, sizes.hidden))
        self._packed, self._scales = np.zeros(MOST_ROWS * max(width, sizes.hidden), np.int16), np.zeros(MOST_ROWS, np.float32)
        self._vectors = np.zeros((MOST_ROWS, sizes.dim), np.float32)
        self.steps = list(self._all())

    def fill(self, texts: Sequence[Sequence[int]]) -> None:
        """The ids of each text, without the one that it begins with; no more than MOST_ROWS in all."""
        rows = self._prefixes.rows(texts)
        given = (
            (self._ids, rows.ids),
            (self._places, rows.places),
            (self._slots, rows.slots),
            (self._text, rows.texts),
            (self._ends, rows.last),
        )
        for array, values in given:
            array[: len(values)] = values
        for row, chain in zip(self._chains, rows.chains, strict=False):
            row[: len(chain)] = chain
        self._rows.set(len(rows.ids))
        self._texts.set(len(texts))

    def vectors(self, count: int) -> Floats:
        """float32 [count, dim], of any length, once the steps have been gone through."""
        return self._vectors[:count].copy()

    def _all(self) -> Iterator[Step]:
        tower, texts = self._tower, self._texts.words
        yield self._step(
            "embed",
            rows=self._rows.words,
            ids=self._ids,
            places=self._places,
            tokens=tower.tokens,
            positions=tower.positions,
            out=self._stream,
        )
        for number, block in enumerate(tower.blocks(), 1):
            yield from self._block(block, last=number == tower.sizes.layers)
        norm, projection = tower.norm, tower.projection
        yield self._step("settle", rows=texts, source=self._last, out=self._mixed, **_norm(norm))
        yield self._step(
            "project",
            rows=texts,
            source=self._mixed,
            weight=projection.weight,
            bias=projection.bias,
            out=self._vectors,
            columns=tower.sizes.dim,
        )

    def _block(self, block: QuantizedBlock, *, last: bool) -> Iterator[Step]:
        """In the last one only the last row of each text goes on behind the attention."""
        yield self._normalize(self._rows, self._stream, block.norm_1)
        yield self._multiply("multiply", self._rows, block.qkv, self._qkv)
        kept = np.zeros((SLOTS, 2, self._width), np.float32)
        yield self._step("remember", rows=self._rows.words, slots=self._slots, packed=self._qkv, kept=kept)
        rows, stream = (self._texts, self._last) if last else (self._rows, self._stream)
        yield self._attend(block, rows, kept, last=last)
        if last:
            yield self._step("pick", rows=rows.words, last=self._ends, source=self._stream, out=stream)
        yield self._quantize(rows, self._mixed)
        yield self._multiply("accumulate", rows, block.out, stream)
        yield self._normalize(rows, stream, block.norm_2)
        yield self._multiply(activate(self._tower.activation), rows, block.grow, self._hidden)
        yield self._quantize(rows, self._hidden)
        yield self._multiply("accumulate", rows, block.shrink, stream)

    def _attend(self, block: QuantizedBlock, rows: Counted, kept: Floats, *, last: bool) -> Step:
        within: Arguments = {"places": self._places, "texts": self._text, "chains": self._chains, "packed": self._qkv, "kept": kept}
        ends: Arguments = {"last": self._ends} if last else {}
        shared: Arguments = {"key": block.key, "value": block.value, "heads": self._tower.sizes.heads}
        name = (attend_last if last else attend)(self._width // self._tower.sizes.heads)
        return self._step(name, rows=rows.words, out=self._mixed, **within, **ends, **shared)

    def _normalize(self, rows: Counted, source: Floats, norm: Norm) -> Step:
        return self._quantize(rows, source, kernel="normalize", **_norm(norm))

    def _quantize(self, rows: Counted, source: Floats, *, kernel: str = "quantize", **norm: int | NDArray[Any]) -> Step:
        width = source.shape[1]
        packed: Arguments = {"packed": self._packed, "scales": self._scales}
        return self._step(kernel, rows=rows.words, source=source, **packed, width=width, steps=steps(width), **norm)

    def _multiply(self, kernel: str, rows: Counted, layer: QuantizedLinear, out: Floats) -> Step:
        inputs, columns = layer.weight.shape
        weights = room(inputs * columns)[: inputs * columns]
        pack(layer.weight, weights)
        quantized: Arguments = {"rows": self._packed, "row_scales": self._scales, "weights": weights, "column_scales": layer.scales}
        return self._step(kernel, groups=rows.groups, **quantized, bias=layer.bias, out=out, pairs=inputs // 2, columns=columns)

    def _step(self, kernel: str, **arguments: int | NDArray[Any]) -> Step:
        return kernel, {"width": self._width, **arguments}


def _norm(norm: Norm) -> Arguments:
    return {"weight": norm.weight, "bias": norm.bias, "epsilon": int(np.float32(norm.epsilon).view(np.int32))}
