"""The comparison itself: every way in which source, collection and ledger can differ, and none where they agree."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from jobs.ledger import Entry, Outcome
from jobs.listing import Listing
from jobs.sources import Source
from jobs.verification.audit import Difference, Found, Kind, audit
from searchindex.points import PointId, point_id

URIS = ("a.jpg", "b.jpg", "c/d.jpg")


def source(uri: str, mtime: int = 1) -> Source:
    return Source(uri=uri, place=uri, size=10, mtime=mtime)


def entry(uri: str, outcome: Outcome = Outcome.INDEXED) -> Entry:
    return Entry(uri=uri, outcome=outcome, size=10, mtime=1, content_hash=f"hash of {uri}" if outcome is Outcome.INDEXED else None)


def point(uri: str) -> tuple[str, dict]:
    return uri, {"file_path": uri, "size": 10, "mtime": 1, "content_hash": f"hash of {uri}"}


def agreeing(uris: tuple[str, ...] = URIS) -> Found:
    return Found(
        listing=Listing(sources=tuple(map(source, uris)), unusable=(), hidden=()),
        stored={point_id(uri): point(uri) for uri in uris},
        account={uri: entry(uri) for uri in uris},
        contents={uri: f"hash of {uri}" for uri in uris},
    )


def kinds(found: Found) -> list[tuple[Kind, str]]:
    return [(each.kind, each.uri) for each in audit(found)]


@given(st.sets(st.text("abc/", min_size=1)))
def test_what_agrees_has_no_differences(uris: set[str]):
    """Whatever the names are."""
    assert audit(agreeing(tuple(uris))) == []
    assert audit(replace(agreeing(tuple(uris)), account=None)) == []


def test_a_picture_without_a_point():
    """Unless the ledger says that this very file cannot be used."""
    found = agreeing()
    del found.stored[point_id("b.jpg")]
    assert kinds(found) == [(Kind.MISSING, "b.jpg"), (Kind.UNHELD, "b.jpg")]
    found.account["b.jpg"] = entry("b.jpg", Outcome.FAILED)
    assert audit(found) == []
    newer = replace(found, listing=replace(found.listing, sources=(source("a.jpg"), source("b.jpg", 2), source("c/d.jpg"))))
    assert kinds(newer) == [(Kind.MISSING, "b.jpg")]


def test_a_picture_that_changed():
    """By its time; or unnoticed, told by its content."""
    found = agreeing()
    changed = replace(found, listing=replace(found.listing, sources=(source("a.jpg", 2), source("b.jpg"), source("c/d.jpg"))))
    assert kinds(changed) == [(Kind.CHANGED, "a.jpg")]
    assert kinds(replace(found, contents={"a.jpg": "another"})) == [(Kind.CONTENT, "a.jpg")]


def test_a_point_without_a_picture():
    """But not where the picture may lie in a folder that cannot be looked at."""
    found = replace(agreeing(), listing=Listing(sources=(source("a.jpg"), source("b.jpg")), unusable=(), hidden=()))
    assert kinds(found) == [(Kind.PHANTOM, "c/d.jpg")]
    assert audit(replace(found, listing=replace(found.listing, hidden=("c",)))) == []


def test_a_point_under_a_wrong_id_or_with_a_useless_vector():
    """Both are told with the id, which is what removes them."""
    found = agreeing()
    found.stored[PointId(5)] = point("a.jpg")
    assert audit(found) == [Difference(Kind.MISNAMED, "a.jpg", PointId(5))]
    assert kinds(replace(agreeing(), spoilt=[point_id("b.jpg")])) == [(Kind.VECTOR, "b.jpg")]


def test_a_ledger_that_says_something_else():
    """A point that it does not know, or knows with another content."""
    found = agreeing()
    del found.account["a.jpg"]
    found.account["b.jpg"] = replace(entry("b.jpg"), content_hash="another")
    assert kinds(found) == [(Kind.UNLISTED, "a.jpg"), (Kind.UNLISTED, "b.jpg")]


def test_a_source_whose_failure_is_known_and_whose_point_is_there():
    """A picture that cannot be read at the moment keeps its point: that is no difference."""
    found = agreeing()
    found.account["a.jpg"] = entry("a.jpg", Outcome.FAILED)
    assert audit(found) == []
