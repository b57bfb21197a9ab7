"""The watch is checked against a list."""

import random
from typing import Any

import pytest

from controller.audit import STRIKES, Audit
from controller.mirror import Mirror
from controller.observed import Key


def manifest(name: str, generation: int = 1) -> dict[str, Any]:
    return {"metadata": {"namespace": "ns", "name": name, "uid": name, "generation": generation}, "spec": {"store": {"host": "q"}}}


def audit_of(*names: str) -> tuple[Audit, Mirror, list[Key]]:
    mirror, woken = Mirror(), list[Key]()
    for name in names:
        mirror.saw_index(manifest(name))
    cluster: Any = None
    return Audit(cluster=cluster, mirror=mirror, wake=woken.append), mirror, woken


def test_a_watch_that_tells_the_truth_is_left_alone() -> None:
    """No difference, no work."""
    audit, _, woken = audit_of("a", "b")
    for _ in range(5):
        audit.check([manifest("a"), manifest("b")])
    assert (woken, audit.missed, audit.trusted) == ([], 0, True)


def test_an_event_on_its_way_is_not_a_missed_one() -> None:
    """A difference is only believed when it is there twice."""
    audit, mirror, woken = audit_of("a")
    audit.check([manifest("a", 2)])
    mirror.saw_index(manifest("a", 2))
    audit.check([manifest("a", 2)])
    assert (woken, audit.missed) == ([], 0)


def test_what_the_watch_missed_is_put_right() -> None:
    """A changed, a new and a vanished index are all found, and looked at."""
    audit, mirror, woken = audit_of("changed", "vanished")
    listed = [manifest("changed", 2), manifest("new")]
    audit.check(listed)
    audit.check(listed)
    assert set(woken) == {Key("ns", "changed"), Key("ns", "new"), Key("ns", "vanished")}
    assert mirror.index(Key("ns", "vanished")) is None
    assert mirror.index(Key("ns", "changed")) == manifest("changed", 2)
    assert audit.missed == 3


def test_a_watch_that_is_always_behind_is_not_trusted() -> None:
    """Put right again and again, the process asks for its restart; one good audit restores the trust."""
    audit, _, _ = audit_of("a")
    for generation in range(2, 2 + 2 * STRIKES):
        assert audit.trusted
        audit.check([manifest("a", generation)])
    assert not audit.trusted
    audit.check([manifest("a", 1 + 2 * STRIKES)])
    assert audit.trusted


@pytest.mark.fault("F-32", cases=500)
def test_streams_that_lose_double_and_reorder_events_end_right() -> None:
    """Whatever a watch did to the events, two audits later the mirror is what the API server lists, and all that differed was woken."""
    for seed in range(500):
        chance = random.Random(seed)
        audit, mirror, woken = audit_of()
        truth: dict[str, dict[str, Any]] = {}
        events: list[tuple[str, dict[str, Any]]] = []
        for step in range(chance.randint(1, 12)):
            name = chance.choice("abcd")
            if name in truth and chance.random() < 0.3:
                events.append(("gone", truth.pop(name)))
            else:
                truth[name] = manifest(name, step + 1)
                events.append(("seen", truth[name]))
        for kind, each in _mutated(events, chance):
            if kind == "seen":
                mirror.saw_index(each)
            else:
                mirror.lost_index(Key("ns", each["metadata"]["name"]))
        differed = {key for key, held in mirror.indexes() if truth.get(key.name) != held} | {
            Key("ns", name) for name in truth if mirror.index(Key("ns", name)) != truth[name]
        }
        for _ in range(2):
            audit.check(list(truth.values()))
        assert {key.name: held for key, held in mirror.indexes()} == truth, seed
        assert differed <= set(woken), seed


def _mutated(events: list[tuple[str, dict[str, Any]]], chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """Dropped, doubled, moved; the stream may break off anywhere."""
    kept = [each for each in events if chance.random() < 0.8 for _ in range(chance.choice([1, 1, 2]))]
    for _ in range(len(kept) // 2):
        one, other = chance.randrange(len(kept)), chance.randrange(len(kept))
        kept[one], kept[other] = kept[other], kept[one]
    return kept[: chance.randint(0, len(kept))]
