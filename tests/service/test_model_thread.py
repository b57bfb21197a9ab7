"""The thread that a model works in."""

import asyncio
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cli.workspace import sample_model
from searchindex.encoders.opening import open_text_encoder
from searchindex.encoders.runtime import Runtime
from searchindex.stores.edge import EdgeStore
from service.engine import Engine
from service.model_thread import NICE, model_thread
from tests.fakes import FakeTextEncoder
from tests.service.conftest import parts_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority per thread")


def priority(thread: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, thread)


def threads() -> set[int]:
    return {int(each.name) for each in Path("/proc/self/task").iterdir()}


def test_a_model_gives_way_to_the_event_loop():
    """By some steps, and the thread that asked for it stays as it was."""
    own = priority(threading.get_native_id())
    with model_thread("model") as thread:
        assert thread.submit(lambda: priority(threading.get_native_id())).result() == own + NICE
    assert priority(threading.get_native_id()) == own


async def test_so_do_the_threads_that_its_runtime_starts(tmp_path: Path):
    """What the engine opens and runs, and not only the thread that calls it."""
    before, parts = threads(), parts_of(EdgeStore(tmp_path), FakeTextEncoder())
    engine = Engine(replace(parts, open_text=lambda: open_text_encoder(sample_model(), Runtime(threads=3), batches=1)))
    await engine.load()
    await engine.encode_text("a dog")
    own = await asyncio.to_thread(lambda: priority(threading.get_native_id()))
    lower = [each for each in threads() - before if priority(each) == own + NICE]
    await engine.close()
    assert len(lower) >= 3
