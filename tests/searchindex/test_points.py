"""Point ids and payloads."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from searchindex.points import ImagePayload, content_hash, point_id


def test_the_id_is_the_first_63_bits_of_md5():
    """Indexes made by other programs of the seed's rule have the same ids."""
    digest = int(hashlib.md5(b"cats/tom.jpg", usedforsecurity=False).hexdigest(), 16)
    assert point_id("cats/tom.jpg") == digest >> 65


@given(st.text())
def test_ids_fit_a_signed_64_bit_integer_and_are_stable(uri: str):
    """Ids survive every store and language, and a second run finds the points of the first."""
    assert 0 <= point_id(uri) < 2**63
    assert point_id(uri) == point_id(uri)


@given(st.lists(st.text(), unique=True, min_size=2))
def test_other_names_have_other_ids(uris: list[str]):
    """Two pictures never share a point."""
    assert len({point_id(uri) for uri in uris}) == len(uris)


def test_content_hash_is_128_bits_of_hex():
    """The hash is short enough for a payload and long enough never to collide."""
    assert len(content_hash(b"")) == 32
    assert content_hash(b"a") != content_hash(b"b")


def test_a_payload_leaves_out_what_is_not_known():
    """Filters on existence tell a missing field from an empty one."""
    payload = ImagePayload(
        file_path="a/b.png", file_name="b.png", s3_key=None, width=1, height=2, category="a", content_hash=content_hash(b"x"),
        mtime=3, size=4, format="PNG", indexed_at="2026-01-01T00:00:00+00:00",
    ).as_payload()  # fmt: skip
    assert payload["width"] == 1
    assert {"title", "s3_key", "tags", "attributes", "taken_at"}.isdisjoint(payload)
