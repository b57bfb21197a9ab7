"""Parquet files of people: their rows as JSON objects, little of them in memory, and a sentence where one cannot be used."""

import io
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.parquet import BUFFER, Kind, rows
from jobs.sources import SourceUnavailable
from searchindex.errors import InvalidInput

COLUMNS = {"path": Kind.TEXT, "title": Kind.TEXT, "tags": Kind.TEXTS, "more": Kind.OBJECT}


def parquet(columns: dict[str, Any] | pa.Table, **options: Any) -> bytes:
    written = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), written, **options)
    return written.getvalue()


def read(content: bytes | BinaryIO) -> list[dict[str, Any]]:
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    found = list(rows(file, "some.parquet", COLUMNS))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    return [row for _, row in found]


def test_a_row_is_an_object_of_what_is_known():
    """Null and NaN, by which tables say that they do not know, are left out, and so are other columns."""
    table = {
        "path": ["a", "b", "c"],
        "title": pa.array(["A", None, "C"]).dictionary_encode(),
        "tags": [["x", None], [], None],
        "more": [{"year": 2024, "score": 0.5, "names": ["n"]}, {"year": None, "score": float("nan"), "names": None}, None],
        "unasked": [b"1", b"2", b"3"],
    }
    assert read(parquet(table)) == [
        {"path": "a", "title": "A", "tags": ["x"], "more": {"year": 2024, "score": 0.5, "names": ["n"]}},
        {"path": "b", "tags": [], "more": {}},
        {"path": "c", "title": "C"},
    ]


def test_a_map_is_an_object():
    """As Spark writes what pandas has as a struct; a column that nobody filled has no type and says nothing."""
    more = pa.array([[("a", 1), ("b", 2)], None], pa.map_(pa.string(), pa.int64()))
    assert read(parquet({"path": ["x", "y"], "more": more, "title": pa.nulls(2)})) == [
        {"path": "x", "more": {"a": 1, "b": 2}},
        {"path": "y"},
    ]


def test_many_rows_in_many_groups_keep_their_order():
    """None is lost between two batches."""
    names = [f"{number}.jpg" for number in range(4321)]
    assert [row["path"] for row in read(parquet({"path": names}, row_group_size=777))] == names


class Watched(io.BytesIO):
    """Counts what is read of it, and how much at once."""

    most = total = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.most, self.total = max(self.most, len(content)), self.total + len(content)
        return content


def test_a_huge_row_group_is_read_a_little_at_a_time():
    """Memory is bounded by pages, not by what somebody thought to be a group: the column asked for has 20 times what is read at once."""
    count = 400_000
    chance = np.random.default_rng(1)
    paths = pa.array([chance.bytes(26).hex() for _ in range(count)])
    table = pa.table({"path": paths, "unasked": pa.array([chance.bytes(50)] * 1000 * (count // 1000))})
    content = parquet(table, row_group_size=count, compression="none", use_dictionary=False)
    group = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0)
    assert group.column(0).total_compressed_size > 20 * BUFFER
    file = Watched(content)
    reading = rows(file, "some.parquet", COLUMNS)
    assert next(reading) == (1, {"path": paths[0].as_py()})
    assert file.total < 4 * BUFFER, "all of it was read for one row"
    assert sum(1 for _ in reading) == count - 1
    assert file.most <= BUFFER
    assert file.total < group.column(0).total_compressed_size + 2 * BUFFER, "a column was read that nobody asked for"


WHOLE = parquet({"path": [f"{number}.jpg" for number in range(500)], "tags": [["a", "b"]] * 500, "more": [{"x": 1}] * 500})
NESTED = [{"deep": {"deeper": 1}}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Parquet"),
        (b"file_path,title\n", "Parquet"),
        (b"PAR1" + bytes(100) + b"PAR1", "Parquet"),
        (WHOLE[: len(WHOLE) // 2], "Parquet"),
        (WHOLE[:-1], "Parquet"),
        (WHOLE[len(WHOLE) // 2 :], "Parquet"),
        (WHOLE[:4] + bytes(400) + WHOLE[404:], "Parquet"),
        (parquet({"url": ["x"], "name": ["y"]}), 'no column "path".* It has url, name'),
        (parquet({}), 'no column "path".* It has none'),
        (parquet(pa.table([pa.array(["x"]), pa.array(["y"])], names=["path", "path"])), "twice"),
        (parquet({"path": [1]}), '"path" .* holds int64.* may hold text'),
        (parquet({"path": [b"x"]}), '"path" .* holds binary'),
        (parquet({"path": [["x"]]}), '"path" .* holds list'),
        (parquet({"path": ["x"], "tags": ["x"]}), '"tags" .* may hold lists of text'),
        (parquet({"path": ["x"], "tags": [[1]]}), '"tags" .* holds list<.*int64>'),
        (parquet({"path": ["x"], "more": ["{}"]}), '"more" .* holds string'),
        (parquet({"path": ["x"], "more": NESTED}), '"more" .* holds struct<deep: struct'),
        (parquet({"path": ["x"], "more": [{"when": np.datetime64("2026-01-01", "s")}]}), "timestamp"),
        (parquet({"path": ["x", None]}), 'Row 2 of some.parquet has no "path"'),
        (parquet({"path": ["x"], "more": pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int64()))}), "Parquet"),
        (parquet({"path": pa.array([b"\xff\xfe"]).view(pa.string())}), "Parquet"),
    ],
)
def test_what_cannot_be_used_is_told(content: bytes, said: str):
    """With the file, and the column or row where it is one, and what may stand there; never with the file's content at length."""
    with pytest.raises(InvalidInput, match=said) as caught:
        read(content)
    assert "some.parquet" in str(caught.value)
    assert len(str(caught.value)) < 600


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_mutation_of_a_file_raises_anything_else(data: st.DataObject):
    """Whatever became of it on the way, it is rows or a sentence."""
    content = bytearray(WHOLE[: data.draw(st.integers(len(WHOLE) - 40, len(WHOLE)))])
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1) | st.integers(len(content) - 700, len(content) - 1))] = data.draw(
            st.integers(0, 255)
        )
    try:
        found = read(bytes(content))
    except InvalidInput as error:
        assert "some.parquet" in str(error)  # noqa: PT017  # either is right
    else:
        assert all(isinstance(row["path"], str) for row in found)


class Failing(Watched):
    """Cannot be read on."""

    def __init__(self, content: bytes, error: Exception) -> None:
        super().__init__(content)
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        if self.total > 0:
            raise self._error
        return super().read(size)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), SourceUnavailable("The bucket does not answer.")])
def test_a_place_that_fails_is_not_the_files_fault(error: Exception):
    """A disk or a bucket that does not answer now is told by its own error: trying again may help, another file would not."""
    with pytest.raises(type(error)) as caught:
        read(Failing(WHOLE, error))
    assert str(caught.value) == str(error)
