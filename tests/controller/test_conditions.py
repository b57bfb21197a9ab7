"""How conditions change, and that every reason is explained."""

from datetime import UTC, datetime, timedelta

from controller.conditions import MESSAGE_LIMIT, Fact, Reason, set_conditions
from searchindex.status import ConditionType

THEN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = THEN + timedelta(hours=1)


def test_a_transition_is_a_change_of_status() -> None:
    """Another reason or message is no transition: its time would say that the index had just become unready."""
    first = set_conditions([], [Fact(ConditionType.READY, "False", "Creating")], generation=1, now=THEN)
    second = set_conditions(first, [Fact(ConditionType.READY, "False", "Indexing", "half")], generation=2, now=LATER)
    assert (second[0].last_transition_time, second[0].reason, second[0].observed_generation) == (THEN, "Indexing", 2)
    third = set_conditions(second, [Fact(ConditionType.READY, "True", "Available")], generation=2, now=LATER)
    assert third[0].last_transition_time == LATER


def test_messages_fit_the_schema() -> None:
    """A store's long complaint does not make the status unwritable."""
    (condition,) = set_conditions([], [Fact(ConditionType.READY, "False", "StoreRefused", "x" * 9999)], generation=1, now=THEN)
    assert len(condition.message) == MESSAGE_LIMIT


def test_every_reason_is_explained() -> None:
    """A reason is a CamelCase word, and a sentence says what it means."""
    for reason in Reason:
        assert reason.value.isalnum()
        assert reason.value[0].isupper()
        assert reason.meaning.endswith(".")
