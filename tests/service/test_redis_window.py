"""Rate limits counted in Redis: for all replicas, and when it goes away."""

import asyncio
import logging
import math
import re
import time
from pathlib import Path

import pytest

from service.limits import Limit
from service.redis_window import PATIENCE, RedisWindow
from tests.engines import EngineMissingError, redis_server, start_redis

__all__ = ["redis_server"]  # a fixture

FIVE = Limit("search", 5, 60)


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_replicas_count_together(redis_server):
    """Two processes with one Redis let through five, not ten, however they race; and the sixth is told when."""
    first, second = RedisWindow(redis_server.url, patience=10), RedisWindow(redis_server.url, patience=10)
    verdicts = await asyncio.gather(*((first if n % 2 else second).hit(FIVE, "key/together") for n in range(40)))
    assert sum(verdict.allowed for verdict in verdicts) == 5
    refused = await first.hit(FIVE, "key/together")
    assert (refused.allowed, refused.remaining) == (False, 0)
    assert 55 < refused.reset <= 60
    assert (await first.hit(FIVE, "key/other")).remaining == 4
    assert (await first.hit(Limit("pictures", 9, 60), "key/together")).remaining == 8
    await asyncio.gather(first.close(), second.close())


async def test_a_window_in_redis_moves(redis_server):
    """After as long as a refusal says, one more is let through."""
    window = RedisWindow(redis_server.url, patience=10)
    limit = Limit("search", 2, 2)
    verdicts = [await window.hit(limit, "key/moves") for _ in range(3)]
    assert [verdict.allowed for verdict in verdicts] == [True, True, False]
    await asyncio.sleep(math.ceil(verdicts[-1].reset * 100) / 100 + 0.05)
    assert (await window.hit(limit, "key/moves")).allowed
    await window.close()


async def test_redis_goes_and_comes_back(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture):
    """While Redis is away the process counts, at once and with one warning; when it is back, it counts again by itself."""
    caplog.set_level(logging.INFO)
    try:
        server = start_redis(tmp_path)
    except EngineMissingError as error:
        pytest.skip(str(error))
    window = RedisWindow(server.url, patience=2, clock=clock)
    assert (await window.hit(FIVE, "a")).remaining == 4
    server.engine.stop()
    assert [(await window.hit(FIVE, "a")).remaining for _ in range(3)] == [4, 3, 2]
    clock.now += 6
    assert (await window.hit(FIVE, "a")).remaining == 1
    await window._look
    server.engine.start()
    clock.now += 6
    assert (await window.hit(FIVE, "a")).remaining == 0
    await window._look
    assert (await window.hit(FIVE, "a")).remaining == 4  # a Redis that keeps nothing
    assert [record.levelname for record in caplog.records if record.name.startswith("service")] == ["WARNING", "INFO"]
    await window.close()
    server.engine.stop()


async def test_a_redis_that_hangs_holds_up_one_request_once(clock: Clock, caplog: pytest.LogCaptureFixture):
    """A server that takes connections and never answers costs the first request a tenth of a second, the others nothing."""
    held = []
    server = await asyncio.start_server(lambda reader, writer: held.append((reader, writer)), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    window = RedisWindow(f"redis://u:secret@127.0.0.1:{port}/0", clock=clock)
    took = []
    for n in range(60):
        began = time.perf_counter()
        assert (await window.hit(FIVE, str(n))).allowed
        took.append(time.perf_counter() - began)
        clock.now += 1  # looks whether it is back, several times
    assert took[0] < PATIENCE + 0.3
    assert sorted(took[1:])[-4] < PATIENCE / 2
    assert len(caplog.records) == 1
    assert not re.search("secret|127.0.0.1", caplog.text)
    await window.close()
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
    server.close()
