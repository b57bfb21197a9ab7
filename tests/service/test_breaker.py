"""The breaker, against a plain description of what it promises."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.breaker import Breaker, State, Turn

LIMIT, WINDOW, REST, LONGEST = 5, 10.0, 1.0, 30.0


@dataclass(slots=True)
class Clock:
    """Seconds, moved by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        turn = breaker.begin()
        assert turn is not None
        turn.failed()


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock=clock)
    fail(breaker, LIMIT)
    return breaker


def test_opens_at_the_fifth_failure_and_refuses() -> None:
    """Five failures in the window are enough, four are not, and what is refused is counted."""
    breaker = Breaker(clock=Clock())
    fail(breaker, LIMIT - 1)
    assert breaker.state is State.CLOSED
    fail(breaker)
    assert breaker.state is State.OPEN
    assert [breaker.begin() for _ in range(3)] == [None] * 3
    assert (breaker.failures, breaker.refusals) == (LIMIT, 3)


def test_a_probe_that_succeeds_closes_it() -> None:
    """After the rest exactly one call goes through; its success lets everybody in, with a clean record."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += REST
    assert breaker.state is State.HALF_OPEN
    probe = breaker.begin()
    assert probe is not None
    assert breaker.begin() is None
    probe.succeeded()
    assert breaker.state is State.CLOSED
    fail(breaker, LIMIT - 1)
    assert breaker.state is State.CLOSED


def test_the_rest_doubles_to_its_limit_and_starts_anew() -> None:
    """A dependency that stays broken is asked ever more rarely, but never less than every half minute."""
    clock = Clock()
    breaker = opened(clock)
    for rest in (1, 2, 4, 8, 16, 30, 30):
        clock.now += rest - 0.001
        assert breaker.state is State.OPEN
        clock.now += 0.001
        fail(breaker)
    clock.now += LONGEST
    probe = breaker.begin()
    assert probe is not None
    probe.succeeded()
    fail(breaker, LIMIT)
    clock.now += REST
    assert breaker.state is State.HALF_OPEN


def test_an_abandoned_probe_leaves_room_for_the_next() -> None:
    """A cancelled probe neither blocks the breaker for ever nor counts as a verdict."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += REST
    for _ in range(3):
        probe = breaker.begin()
        assert probe is not None
        with probe:
            assert breaker.begin() is None
    assert (breaker.state, breaker.failures) == (State.HALF_OPEN, LIMIT)


def test_late_verdicts_do_not_count() -> None:
    """Calls from before it opened can neither close it nor make its rest longer when they end."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    early = [breaker.begin() for _ in range(2)]
    fail(breaker, LIMIT)
    clock.now += REST
    probe = breaker.begin()
    assert probe is not None
    for turn, verdict in zip(early, (Turn.succeeded, Turn.failed), strict=True):
        assert turn is not None
        verdict(turn)
        assert breaker.state is State.HALF_OPEN
        assert breaker.begin() is None
    probe.succeeded()
    assert breaker.state is State.CLOSED


def test_only_the_first_verdict_counts() -> None:
    """One call is one failure, whatever is said of it afterwards."""
    breaker = Breaker(clock=Clock())
    turn = breaker.begin()
    assert turn is not None
    with turn:
        turn.failed()
        turn.failed()
        turn.succeeded()
    assert breaker.failures == 1


@given(gaps=st.lists(st.floats(0, 8), min_size=1, max_size=30))
def test_opens_exactly_when_five_failures_are_within_ten_seconds(gaps: list[float]) -> None:
    """Whatever their rhythm, it opens at the first failure that is the fifth within the window, and not before."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    times: list[float] = []
    for gap in gaps:
        clock.now += gap
        times.append(clock.now)
        fail(breaker)
        wanted = len(times) >= LIMIT and times[-1] - times[-LIMIT] <= WINDOW
        assert (breaker.state is State.OPEN) == wanted
        if wanted:
            break


@dataclass(slots=True)
class Described:
    """What a breaker promises, in the simplest words."""

    failed_at: list[float] = field(default_factory=list)
    open_until: float | None = None
    rest: float = REST
    probe: Turn | None = None


class Life(RuleBasedStateMachine):
    """Calls that begin, succeed, fail and are cancelled in any order while time goes by."""

    @initialize()
    def start(self) -> None:
        self.clock, self.wanted = Clock(), Described()
        self.breaker = Breaker(clock=self.clock)
        self.current: list[Turn] = []
        self.refused = 0

    @rule(seconds=st.one_of(st.floats(0, 3), st.floats(0, 40)))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def begin(self) -> None:
        resting = self.wanted.open_until is not None
        wanted = not resting or (self.clock.now >= self.wanted.open_until and self.wanted.probe is None)
        turn = self.breaker.begin()
        assert (turn is not None) == wanted
        if turn is None:
            self.refused += 1
            return
        self.current.append(turn)
        if resting:
            self.wanted.probe = turn

    @precondition(lambda self: self.current)
    @rule(data=st.data(), verdict=st.sampled_from(["succeeded", "failed", "abandoned"]))
    def end(self, data: st.DataObject, verdict: str) -> None:
        turn = self.current.pop(data.draw(st.integers(0, len(self.current) - 1)))
        with turn:
            if verdict != "abandoned":
                getattr(turn, verdict)()
        if turn is self.wanted.probe:
            self._probed(verdict)
        elif self.wanted.open_until is None and verdict == "failed":
            self._failed()

    def _probed(self, verdict: str) -> None:
        self.wanted.probe = None
        if verdict == "succeeded":
            self.wanted = Described()
            self.current.clear()  # what began before says nothing now; the late ones have a test of their own
        elif verdict == "failed":
            self.wanted.rest = min(2 * self.wanted.rest, LONGEST)
            self.wanted.open_until = self.clock.now + self.wanted.rest

    def _failed(self) -> None:
        self.wanted.failed_at.append(self.clock.now)
        if len([at for at in self.wanted.failed_at if self.clock.now - at <= WINDOW]) >= LIMIT:
            self.wanted.open_until = self.clock.now + self.wanted.rest

    @invariant()
    def is_in_the_state_described(self) -> None:
        wanted = State.CLOSED
        if self.wanted.open_until is not None:
            wanted = State.OPEN if self.clock.now < self.wanted.open_until else State.HALF_OPEN
        assert (self.breaker.state, self.breaker.refusals) == (wanted, self.refused)


class TestLife(Life.TestCase):
    """Runs Life."""

    settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
