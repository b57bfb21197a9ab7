"""When an operation is tried again, decided without a network or a clock."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchindex.client.errors import BY_STATUS, DeadlineExceeded, Problem, UnexpectedAnswer
from searchindex.client.exchange import Attempt, Patience, Pause, exchange
from searchindex.client.operations import health, thumbnail
from searchindex.client.replies import Reply, problem_of

WELL = b'{"status": "healthy"}'
NOW = 1_700_000_000.0


def reply(status: int, content: bytes = WELL, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, content=content, received=NOW)


def run(replies: list[Reply], patience: Patience, *, takes: float = 0.0) -> tuple[Any, list[float]]:
    """What the operation comes to, or its error, and the pauses; every attempt `takes` so many seconds."""
    now, pauses, left = 0.0, [], iter(replies)
    steps = exchange(health(), patience, clock=lambda: now)
    answer: Reply | None = None
    try:
        while True:
            step = steps.send(answer)
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                now, answer = now + step.seconds, None
            else:
                assert isinstance(step, Attempt)
                assert 0 < step.seconds <= patience.deadline - now
                now, answer = now + takes, next(left)
    except StopIteration as done:
        return done.value, pauses
    except (Problem, DeadlineExceeded, UnexpectedAnswer) as error:
        return error, pauses


def test_a_good_answer_is_the_result():
    """At the first attempt."""
    found, pauses = run([reply(200)], Patience())
    assert (found.status, pauses) == ("healthy", [])


@pytest.mark.parametrize("status", [429, 503])
def test_what_asks_for_patience_is_tried_again_after_it(status: int):
    """As long as the service says, in seconds; else half a second, then twice that."""
    assert run([reply(status, retry_after="3"), reply(200)], Patience())[1] == [3.0]
    assert run([reply(status), reply(status), reply(200)], Patience())[1] == [0.5, 1.0]


def test_a_date_is_understood():
    """`Retry-After` may be one (RFC 9110, 10.2.3); one that is over means now."""
    in_ten, past = "Tue, 14 Nov 2023 22:13:30 GMT", "Tue, 14 Nov 2023 22:13:00 GMT"
    assert run([reply(503, retry_after=in_ten), reply(503, retry_after=past), reply(200)], Patience())[1] == [10.0, 0.0]


@pytest.mark.parametrize("said", ["soon", "-1", "1e9", "", "٣", "Tue, 99 Nov 2023 22:13:30 GMT"])
def test_what_is_no_time_is_none(said: str):
    """Then the client's own pause."""
    assert run([reply(503, retry_after=said), reply(200)], Patience())[1] == [0.5]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422, 499, 500, 502, 504])
def test_nothing_else_is_tried_again(status: int):
    """Another attempt would be answered the same, or was not asked for."""
    found, pauses = run([reply(status)], Patience())
    assert isinstance(found, BY_STATUS.get(status, Problem))
    assert (found.status, pauses) == (status, [])


def test_a_pause_beyond_the_deadline_is_not_begun():
    """The caller learns at once that it has to wait longer than it wants to, and how long."""
    found, pauses = run([reply(503, retry_after="60")], Patience(deadline=30))
    assert (found.status, found.retry_after, pauses) == (503, 60.0, [])


def test_time_that_is_over_is_over():
    """No attempt is begun without time."""
    found, _ = run([reply(200)], Patience(deadline=0))
    assert isinstance(found, DeadlineExceeded)


@given(
    statuses=st.lists(st.sampled_from([200, 404, 429, 503]), min_size=12, max_size=12),
    waits=st.lists(st.sampled_from(["0", "1", "7", "100", ""]), min_size=12, max_size=12),
    retries=st.integers(0, 5),
    deadline=st.sampled_from([0.1, 5.0, 1000.0]),
    takes=st.sampled_from([0.0, 0.3]),
)
def test_it_always_ends(statuses: list[int], waits: list[str], retries: int, deadline: float, takes: float):
    """Never more repetitions than allowed, never pauses beyond the deadline, and always a result or an error."""
    replies = [reply(status, retry_after=wait) for status, wait in zip(statuses, waits, strict=True)]
    found, pauses = run(replies, Patience(deadline=deadline, retries=retries), takes=takes)
    assert len(pauses) <= retries
    assert sum(pauses) < deadline
    assert isinstance(found, Problem | DeadlineExceeded) or found.status == "healthy"


# ---- errors


def test_a_problem_document_is_read_whole():
    """RFC 9457, with the request's id from the header."""
    document = {"type": "/docs/problems#overloaded", "title": "T", "status": 503, "detail": "Too many.", "hint": "Wait."}
    found = problem_of(reply(503, json.dumps(document).encode(), retry_after="2", x_request_id="abc"))
    assert (found.message, found.hint, found.kind, found.request_id, found.retry_after) == ("Too many.", "Wait.", "overloaded", "abc", 2.0)
    assert str(found) == "Too many. Wait."


@pytest.mark.parametrize("content", [b"", b"<html>Bad Gateway", b"[]", b"null", b"\xff", b'{"detail": null}', b'{"type": 3}'])
def test_what_stands_in_between_is_an_error_too(content: bytes):
    """A proxy's own page has no problem document; the status says enough."""
    found = problem_of(reply(502, content))
    assert (found.status, found.message) == (502, "The service answered with status 502.")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b"{}", b'{"state": 1}', b"\xff\xfe"])
def test_an_answer_that_is_none_is_said_to_be_none(content: bytes):
    """Another program may listen at that address."""
    found, _ = run([reply(200, content)], Patience())
    assert isinstance(found, UnexpectedAnswer)


def test_bytes_are_bytes():
    """A picture is not read as anything."""
    assert thumbnail("1").read(reply(200, b"\x00\xff")) == b"\x00\xff"
