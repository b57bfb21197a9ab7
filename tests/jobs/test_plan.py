"""Deciding what a run has to do."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from jobs.plan import plan
from jobs.sidecar import Annotation
from jobs.walk import Source
from searchindex.points import point_id


def source(uri: str, *, mtime: int = 1) -> Source:
    return Source(uri=uri, path=Path(uri), size=len(uri), mtime=mtime)


def payload(given: Source) -> dict:
    return {"size": given.size, "mtime": given.mtime, "category": given.uri.rpartition("/")[0].rpartition("/")[2]}


URIS = st.lists(st.text("ab/", min_size=1), unique=True)


@given(URIS, URIS)
def test_after_the_plan_nothing_is_left_to_do(before: list[str], now: list[str]):
    """A second run over an unchanged folder encodes nothing, refreshes nothing, removes nothing."""
    stored = {point_id(uri): payload(source(uri)) for uri in before}
    sources = [source(uri) for uri in now]
    first = plan(sources, stored, {})
    for gone in first.remove:
        del stored[gone]
    for changed in (*first.encode, *first.refresh):
        stored[point_id(changed.uri)] = payload(changed)
    second = plan(sources, stored, {})
    assert (second.encode, second.refresh, second.remove, second.unchanged) == ((), (), (), len(now))


@given(URIS, URIS)
def test_every_source_and_every_point_has_a_fate(before: list[str], now: list[str]):
    """Nothing is forgotten: sources are encoded, refreshed or unchanged, and points without a source are removed."""
    stored = {point_id(uri): payload(source(uri)) for uri in before}
    made = plan([source(uri) for uri in now], stored, {})
    assert len(made.encode) + len(made.refresh) + made.unchanged == len(now)
    assert set(made.remove) == {point_id(uri) for uri in set(before) - set(now)}


def test_a_changed_file_is_encoded_again():
    """Another mtime or size means that the content may be another."""
    stored = {point_id("a.png"): payload(source("a.png"))}
    assert plan([source("a.png", mtime=2)], stored, {}).encode == (source("a.png", mtime=2),)


def test_changed_metadata_does_not_encode_again():
    """New tags cost no encoding."""
    stored = {point_id("a.png"): payload(source("a.png"))}
    made = plan([source("a.png")], stored, {"a.png": Annotation(tags=("new",))})
    assert (made.encode, made.refresh) == ((), (source("a.png"),))
