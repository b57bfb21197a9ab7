"""F-45: good and bad requests over and over. Nothing of them stays behind."""

import asyncio
import contextlib
import gc
import json
import random
import time
from pathlib import Path

from tests.faults.record import record, scaled
from tests.faults.wire import Served
from tests.pictures import colour_of, picture
from tests.service.conftest import Running, indexed, service

__all__ = ["indexed", "service"]  # fixtures

WARM, ROUNDS = 20, 60
MEGABYTE = 1 << 20
ALLOWED = 8 * MEGABYTE  # an allocator does not give back every page at once
SETTLED = 20.0  # seconds


def form(number: int) -> tuple[bytes, dict[str, str]]:
    """A picture, whole or cut in the middle."""
    content = picture(colour_of(number), kind="JPEG")[: None if number % 2 else 200]
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + content + b"\r\n--b--\r\n"
    return body, {"Content_Type": "multipart/form-data; boundary=b"}


def one_round(served: Served, number: int) -> set[int]:
    """One of each kind of request; the statuses."""
    key = json.loads(served.search(query=f"round {number}", top_k=1).body)["results"][0]["key"]
    image, headers = form(number)
    replies = [
        served.search(query=f"round {number}", group_duplicates=True, filters={"width": {"gte": 1}}),
        served.search(terms=[{"text": f"round {number}"}, {"key": key, "weight": -0.5}]),
        served.search(query="", filters={"x" * 100: number}),
        served.ask("POST", "/search", b"{" * 1000),
        served.ask("POST", "/search/image", image, **headers),
        served.ask("GET", f"/thumbnails/{key}?size=64"),
        served.ask("GET", f"/images/{number}"),
        served.ask("GET", "/search", Authorization="Bearer wrong"),
        served.ask("GET", "/metrics", Authorization=f"Bearer {served.admin}"),
        served.send(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"),
    ]
    with served.connect() as connection:  # and gone
        connection.sendall(b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{")
    return {each.status for each in replies}


def threads(served: Served) -> int:
    return len(list(Path(f"/proc/{served.pid}/task").iterdir()))


def test_mixed_traffic_leaves_nothing_behind(served: Served):
    """After a warm-up, memory hardly grows, and files and threads are as many as before."""
    rounds = scaled(ROUNDS)
    for number in range(WARM):
        one_round(served, number)
    memory, files, running = served.memory(), served.descriptors(), threads(served)
    statuses: set[int] = set()
    for number in range(WARM, WARM + rounds):
        statuses |= one_round(served, number)
    assert {200, 400, 401, 404, 422} <= statuses
    assert not any(status >= 500 for status in statuses)
    deadline = time.monotonic() + SETTLED
    while served.descriptors() > files + 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    grown = served.memory() - memory
    bad = [what for what, is_so in (("memory", grown > ALLOWED), ("files", served.descriptors() > files + 1)) if is_so]
    bad += ["threads"] if threads(served) > running + 1 else []
    record("F-45", 12 * rounds, bad, measured=f"memory {grown / MEGABYTE:+.1f} MB in {12 * rounds:,} requests")


async def test_no_task_stays_behind(service: Running):
    """Searches that are answered, refused, and given up at any moment leave no task, no queue and no future."""
    cases, chance = scaled(300), random.Random(45)
    before = None
    for number in range(cases):
        if number == cases // 3:
            await asyncio.sleep(0.1)
            before = len(asyncio.all_tasks())
        body = {"query": chance.choice(["", "same", f"query {number}"]), "top_k": chance.choice([1, 500])}
        task = asyncio.create_task(service.client.post("/search", json=body))
        if chance.random() < 0.5:
            await asyncio.sleep(chance.choice([0, 0.001, 0.003]))
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for _ in range(int(SETTLED / 0.05)):
        if len(asyncio.all_tasks()) <= (before or 0):
            break
        await asyncio.sleep(0.05)
    gc.collect()
    left = [repr(each)[:100] for each in asyncio.all_tasks()]
    record("F-45", cases, left if len(left) > (before or 0) else [], measured=f"{len(left)} tasks before and after")
