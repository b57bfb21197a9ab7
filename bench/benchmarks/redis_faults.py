"""What a search costs while the Redis behind it misbehaves: before, during the first searches, and once the breaker has opened."""

import asyncio
import atexit
import http.client
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from redis.asyncio import Redis

from bench.benchmark import Benchmark, Sampler, Setup
from bench.figures import Figure, Kind, Of, Round, Sample, median_of, quantile
from bench.listening import LOOPBACK
from bench.load import OK, Reply, offer, one_by_one, runner, times
from bench.queries import KNOWN, Stream, known
from bench.stack import Stack, build, open_stack, start_product
from cli.workspace import sample_model
from tests.faultproxy import FaultProxy, Faults, Mode

COUNT = 2_000
FIRST = 20  # searches during which the breaker opens
RATE = 30.0  # searches a second: far below the capacity
SECONDS, QUICK_SECONDS = 6.0, 2.0
OPENS = 1.0  # seconds after the first searches
FLUSHES = 0.05  # seconds between two
HEALS = 60.0  # seconds: twice the breaker's longest rest
RIGHT, WRONG = "right", "wrong"
CLOSED = re.compile(r'breaker_state\{[^}]*breaker="cache-(\w+)"[^}]*state="closed"[^}]*\} 1\.0')


@dataclass(frozen=True, slots=True)
class Guest:
    """The Redis of an arm: what stands before it, and a way around that."""

    proxy: FaultProxy
    direct: Redis

    async def say(self, *command: str) -> None:
        await self.direct.execute_command(*command)  # type: ignore[no-untyped-call]


Fault = Callable[[Guest], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def network(guest: Guest, *, faults: Faults) -> AsyncIterator[None]:
    await guest.proxy.set(faults)
    yield
    await guest.proxy.set(Faults())


@asynccontextmanager
async def read_only(guest: Guest) -> AsyncIterator[None]:
    """A replica whose master is away answers reads and refuses writes."""
    await guest.say("REPLICAOF", LOOPBACK, "1")
    yield
    await guest.say("REPLICAOF", "NO", "ONE")


@asynccontextmanager
async def password(guest: Guest) -> AsyncIterator[None]:
    """Another password than the service has; it has to connect anew, or nobody would ask it for one."""
    await guest.say("CONFIG", "SET", "requirepass", WRONG)
    await guest.proxy.set(Faults(mode=Mode.RESET))
    await guest.proxy.set(Faults())
    yield
    await guest.say("CONFIG", "SET", "requirepass", RIGHT)


@asynccontextmanager
async def flushed(guest: Guest) -> AsyncIterator[None]:
    async def flush() -> None:
        while True:
            await guest.say("FLUSHALL")
            await asyncio.sleep(FLUSHES)

    flushing = asyncio.create_task(flush())
    yield
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)


FAULTS: dict[str, Fault] = {
    "no fault": partial(network, faults=Faults()),
    "hung": partial(network, faults=Faults(mode=Mode.HANG)),
    "refused": partial(network, faults=Faults(mode=Mode.REFUSE)),
    "slow": partial(network, faults=Faults(delay=0.2)),
    "read-only": read_only,
    "wrong password": password,
    "flushed": flushed,
}


def prepare(setup: Setup) -> None:
    build(setup.folder, sample_model(), count=COUNT)


def open_arm(setup: Setup, *, arm: str) -> Sampler:
    """One event loop for the arm's life, as the proxy lives on it; between samples it stands still, and so does the service."""
    stack, loop = open_stack(setup.folder, arm=arm.replace(" ", "-")), runner()
    guest = loop.run(_guest(stack))
    atexit.register(loop.close)
    atexit.register(loop.run, guest.proxy.__aexit__())
    port = start_product(stack, sample_model().folder, redis_port=guest.proxy.port, redis_password=RIGHT)
    bodies, seconds = Stream().zipf(), QUICK_SECONDS if setup.quick else SECONDS
    loop.run(one_by_one(port, known(), count=KNOWN))
    return lambda: loop.run(_sample(port, guest, bodies, FAULTS[arm], seconds))


async def _guest(stack: Stack) -> Guest:
    direct = Redis(host=LOOPBACK, port=stack.redis.port, single_connection_client=True)
    guest = Guest(await FaultProxy(stack.redis.port).__aenter__(), direct)
    await guest.say("CONFIG", "SET", "requirepass", RIGHT)
    return guest


async def _sample(port: int, guest: Guest, bodies: Iterator[bytes], fault: Fault, seconds: float) -> Sample:
    """Milliseconds, and how many searches were asked and failed, the ones before the fault included."""
    await _well(port, bodies)
    before = await offer(port, bodies, rate=RATE, seconds=seconds)
    async with fault(guest):
        first = await one_by_one(port, bodies, count=FIRST)
        await asyncio.sleep(OPENS)
        after = await offer(port, bodies, rate=RATE, seconds=seconds)
    everything = [*before, *first, *after]
    return {
        **{f"{name} ms": times(replies) for name, replies in (("before", before), ("first", first), ("after", after))},
        "added ms": [_p95(after) - _p95(before)],
        "asked": [len(everything)],
        "failed": [sum(each.status != OK for each in everything)],
    }


def _p95(replies: list[Reply]) -> float:
    return quantile(times(replies), 0.95)


async def _well(port: int, bodies: Iterator[bytes]) -> None:
    """Until both breakers are closed again; they try Redis only when somebody searches. RuntimeError where they do not close."""
    async with asyncio.timeout(HEALS):
        while set(CLOSED.findall(await asyncio.to_thread(_metrics, port))) != {"reads", "writes"}:
            await one_by_one(port, bodies, count=5)
            await asyncio.sleep(0.1)


def _metrics(port: int) -> str:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    connection.request("GET", "/metrics")
    content = connection.getresponse().read().decode()
    connection.close()
    return content


def figures(rounds: Sequence[Round]) -> list[Figure]:
    return [figure for arm in FAULTS for figure in _of_fault(arm, rounds)]


def _of_fault(arm: str, rounds: Sequence[Round]) -> list[Figure]:
    asked, failed = (sum(each[arm][name][0] for each in rounds) for name in ("asked", "failed"))
    counts = [each[arm]["failed"][0] for each in rounds]
    return [
        Figure(
            what=f"{arm}: failed of {asked:.0f}",
            kind=Kind.MEDIAN,
            value=failed,
            low=min(counts),
            high=max(counts),
            unit="searches",
        ),
        median_of(f"{arm}: added at P95 once the breaker is open", rounds, Of(arm, "added ms"), unit="ms"),
        *(
            median_of(f"{arm}: {when}, P{at}", rounds, Of(arm, f"{name} ms", at / 100), unit="ms")
            for name, when in (("before", "before"), ("first", f"the first {FIRST}"), ("after", "after them"))
            for at in (50, 95)
        ),
    ]


BENCHMARK = Benchmark(
    name="redis-faults",
    compares=(
        f"POST /search with the small model at {RATE:.0f} searches a second, Zipf's distribution, before and while its Redis hangs, refuses"
        " connections, answers after 0.2 s, takes no writes, has another password, or is emptied twenty times a second."
    ),
    minutes=9,
    rounds=3,
    prepare=prepare,
    arms={arm: partial(open_arm, arm=arm) for arm in FAULTS},
    figures=figures,
)
