"""Deciding what a run has to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.ledger import Outcome
from jobs.plan import Action, Intent, intents, outcome_of, plan
from jobs.sidecar import Annotation
from jobs.sources import Source
from searchindex.points import point_id


def source(uri: str, *, mtime: int = 1) -> Source:
    return Source(uri=uri, place=uri, size=len(uri), mtime=mtime)


def payload(given: Source) -> dict:
    return {"file_path": given.uri, "size": given.size, "mtime": given.mtime, "category": given.uri.rpartition("/")[0].rpartition("/")[2]}


URIS = st.lists(st.text("ab/", min_size=1), unique=True)


@given(URIS, URIS)
def test_after_the_plan_nothing_is_left_to_do(before: list[str], now: list[str]):
    """A second run over an unchanged folder encodes nothing, refreshes nothing, removes nothing."""
    stored = {point_id(uri): payload(source(uri)) for uri in before}
    sources = [source(uri) for uri in now]
    first = plan(sources, stored, {})
    for gone in first.remove:
        del stored[point_id(gone)]
    for changed in (*first.encode, *first.refresh):
        stored[point_id(changed.uri)] = payload(changed)
    second = plan(sources, stored, {})
    assert (second.encode, second.refresh, second.remove, len(second.unchanged)) == ((), (), (), len(now))


@given(URIS, URIS)
def test_every_source_and_every_point_has_a_fate(before: list[str], now: list[str]):
    """Nothing is forgotten: sources are encoded, refreshed or unchanged, and points without a source are removed."""
    stored = {point_id(uri): payload(source(uri)) for uri in before}
    made = plan([source(uri) for uri in now], stored, {})
    assert len(made.encode) + len(made.refresh) + len(made.unchanged) == len(now)
    assert set(made.remove) == set(before) - set(now)


def test_a_changed_file_is_encoded_again():
    """Another mtime or size means that the content may be another."""
    stored = {point_id("a.png"): payload(source("a.png"))}
    assert plan([source("a.png", mtime=2)], stored, {}).encode == (source("a.png", mtime=2),)


def test_changed_metadata_does_not_encode_again():
    """New tags cost no encoding."""
    stored = {point_id("a.png"): payload(source("a.png"))}
    made = plan([source("a.png")], stored, {"a.png": Annotation(tags=("new",))})
    assert (made.encode, made.refresh) == ((), (source("a.png"),))


@pytest.mark.parametrize(("hidden", "removed"), [("a/b", ["c.png"]), ("a", ["c.png"]), ("a/b/x.png", ["a/b/y.png", "c.png"]), (".", [])])
def test_what_cannot_be_looked_at_is_not_removed(hidden: str, removed: list[str]):
    """A folder that this user may not list, or whose disk fails, does not empty the index."""
    stored = {point_id(uri): payload(source(uri)) for uri in ("a/b/x.png", "a/b/y.png", "c.png")}
    assert list(plan([], stored, {}, hidden=[hidden]).remove) == removed


def test_what_a_run_means_to_do_names_what_was_there():
    """From it an interrupted run tells a new picture from one that was merely touched."""
    stored = {point_id("old.png"): payload(source("old.png")) | {"content_hash": "h"}, point_id("gone.png"): payload(source("gone.png"))}
    made = plan([source("old.png", mtime=2), source("new.png")], stored, {})
    meant = intents(made, stored)
    assert meant == {"old.png": Intent(Action.ENCODE, "h"), "new.png": Intent(Action.ENCODE), "gone.png": Intent(Action.REMOVE)}
    assert outcome_of(meant["old.png"], "h") is Outcome.UNCHANGED
    assert outcome_of(meant["old.png"], "other") is Outcome.INDEXED
    assert outcome_of(meant["new.png"], "h") is Outcome.INDEXED
    assert outcome_of(None, "h") is Outcome.UNCHANGED
