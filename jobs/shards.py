"""Which pictures are whose: a source is cut into shards, each indexed by one process that knows nothing of the others."""

from dataclasses import dataclass
from typing import Self

from searchindex.errors import InvalidInput, shorten
from searchindex.points import PointId, point_id

MOST = 100_000  # what an Indexed Job may have in completions


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard `index` of `count`: the pictures whose point id leaves the rest `index` when divided by `count`.

    The id is 63 bits of MD5 over the picture's URI, so a picture keeps its shard in every run, and a stored point tells its shard
    by its id alone. The rest depends on the lowest bits; what orders a scroll are the highest: every shard is spread evenly over
    the collection, and over the folders, whatever their names are.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not (1 <= self.count <= MOST and 0 <= self.index < self.count):
            raise InvalidInput(f"There is no shard {self.index} of {self.count}.", hint="The first of two is 0/2, the last is 1/2.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `i/n`. InvalidInput on anything else."""
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal() and len(text) < 20):  # noqa: PLR2004  # two numbers and a slash
            raise InvalidInput(f'"{shorten(text, 40)}" is no shard.', hint="Write it as i/n: the first of two is 0/2.")
        return cls(int(index), int(count))

    def has(self, identity: PointId) -> bool:
        return identity % self.count == self.index

    def holds(self, uri: str) -> bool:
        return self.has(point_id(uri))


WHOLE = Shard(0, 1)
