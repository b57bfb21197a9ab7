"""Strict JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchindex.errors import InvalidInput
from service.strict_json import read_object


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"3", b"null", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": "\\ud800"}',
        b'{"a": "\xff"}', b'{"a": 1, "a": 2}', b'{"b": {"a": 1, "a": 2}}', b'\xef\xbb\xbf{"a": 1}', '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"a": ' + b"1" * 5_000 + b"}x", b'{"a": "\x00"}', b"{'a': 1}", b'{"a": 01}',
    ],
)  # fmt: skip
def test_what_is_not_strict_json_is_refused(body: bytes):
    """No odd body reaches the pipeline or makes an answer of the 500s."""
    with pytest.raises(InvalidInput) as caught:
        read_object(body)
    assert len(str(caught.value)) < 300


def test_what_is_json_is_read():
    """Unicode, escapes and nesting within reason are fine."""
    assert read_object('{"query": "Käse 🧀 \\u00e9", "filters": {"a": [1]}}'.encode()) == {"query": "Käse 🧀 é", "filters": {"a": [1]}}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes):
    """No bytes at all make the reader raise anything but InvalidInput."""
    try:
        read_object(body)
    except InvalidInput as refused:
        error = refused
    else:
        return
    assert str(error).isprintable()
