"""Decoding in limited processes: the same pixels, and whatever a picture does, the next one is decoded."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from searchindex.catalogue import ImageCard, ResizeMode
from searchindex.errors import InvalidImage, Overloaded
from searchindex.images import decode, preprocess
from searchindex.images.decoder_pool import DecoderPool
from searchindex.images.decoder_process import Terms, environment
from tests.searchindex.images.pictures import CORNERS, FORMATS, encoded, exif, noise

CARD = ImageCard(size=32, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4), interpolation="bicubic", resize_mode=ResizeMode.SHORTEST)
GOOD = encoded(noise(), "PNG")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says so much of a process")


@pytest.fixture(scope="module")
def lasting() -> Iterator[DecoderPool]:
    pool = DecoderPool(CARD)
    yield pool
    pool.close()


@pytest.fixture
def opened() -> Iterator[Callable[..., DecoderPool]]:
    pools: list[DecoderPool] = []

    def make(**options) -> DecoderPool:
        pools.append(DecoderPool(CARD, **options))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def pixels(pool: DecoderPool, content: bytes = GOOD):
    return pool.submit(content).result(60)


def reason(pool: DecoderPool, content: bytes = GOOD) -> str:
    with pytest.raises(InvalidImage) as caught:
        pixels(pool, content)
    return caught.value.reason


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def gone(pid: int) -> bool:
    """Ended; what nobody has waited for yet is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except OSError:
        return True


PICTURES = {
    **{name: encoded(noise(), name) for name in FORMATS},
    "phone": encoded(Image.fromarray(noise()), "MPO", save_all=True, append_images=[Image.fromarray(noise(seed=4))]),
    "large": encoded(noise(1600, 1200), "JPEG", exif=exif(6, taken="2024:05:31 18:02:11")),
    "turned": encoded(CORNERS, "TIFF", exif=exif(5)),
    "clear": encoded(Image.new("RGBA", (9, 9), (0, 0, 0, 99)), "WEBP"),
    "palette": encoded(Image.fromarray(noise()).quantize(9), "PNG"),
    "print": encoded(Image.fromarray(noise()).convert("CMYK"), "JPEG"),
    "lab": encoded(Image.fromarray(noise()).convert("LAB"), "TIFF"),
    "deep": encoded(np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16), "TIFF"),
    "packed": encoded(noise(), "TIFF", compression="tiff_adobe_deflate"),
    "fax": encoded(Image.fromarray(noise()).convert("1"), "TIFF", compression="group4"),
    "progressive": encoded(noise(), "JPEG", progressive=True),
    "moving": encoded(Image.fromarray(noise()), "WEBP", save_all=True, append_images=[Image.fromarray(noise(seed=4))]),
    "line": encoded(np.full((1, 60_000, 3), 200, np.uint8)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pixels_are_those_of_this_process(lasting: DecoderPool, name: str):
    """A picture that is sent meets itself in the index: no limit of the other process changes one bit, and none fails there alone."""
    found = pixels(lasting, PICTURES[name])
    assert found.dtype == np.float32
    assert np.array_equal(found, preprocess(decode(PICTURES[name], at_least=CARD.size), CARD))


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"GIF89a", "unsupported-format"), (GOOD[:60], "truncated"), (GOOD[:20] + b"xxxx" + GOOD[24:], "broken")],
)
def test_refusals_are_those_of_this_process(lasting: DecoderPool, content: bytes, word: str):
    """The caller is told what is wrong with the picture, and no process is lost over it."""
    with pytest.raises(InvalidImage) as here:
        decode(content)
    with pytest.raises(InvalidImage) as there:
        pixels(lasting, content)
    assert (there.value.reason, there.value.message) == (word, here.value.message)
    assert lasting.died == 0


def test_nothing_runs_before_the_first_picture(opened: Callable[..., DecoderPool]):
    """A replica that answers text alone pays for no decoder."""
    pool = opened(processes=2)
    assert pool.pids == []
    pixels(pool)
    pixels(pool)
    assert 1 <= len(pool.pids) <= 2


@on_linux
def test_little_is_left_to_the_process(lasting: DecoderPool):
    """No file, socket, process or core dump can come of it, and its memory and time have an end."""
    pixels(lasting)
    (pid,) = lasting.pids
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in lines}
    for name in ("Max open files", "Max processes", "Max core file size", "Max file size"):
        assert limits[name] == ["0", "0"]
    memory = int(limits["Max address space"][1])
    assert Terms().memory < memory < Terms().memory + 400_000_000
    assert int(limits["Max cpu time"][0]) < 600
    assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) == 1000
    status = Path(f"/proc/{pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Threads:\t1\n" in status


def test_no_secret_is_handed_down():
    """Keys stand in environments; who takes over a decoder finds none."""
    found = environment({"QDRANT_API_KEY": "secret", "LD_LIBRARY_PATH": "/lib", "HOME": "/home"})
    assert set(found) == {"LD_LIBRARY_PATH", "PYTHONPATH", "OPENBLAS_NUM_THREADS"}


def test_little_is_loaded_in_the_process():
    """What is not there cannot be attacked, and costs no time at the first picture: neither server nor model nor store."""
    listed = "import sys, searchindex.images.decoder_child; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)  # noqa: S603  # our own program
    assert not {"fastapi", "starlette", "pydantic", "onnxruntime", "qdrant_edge", "asyncio", "ssl"} & set(done.stdout.split())


@pytest.mark.fault("F-44")
def test_a_crash_costs_one_picture(opened: Callable[..., DecoderPool]):
    """The caller is told that it was the picture, and the next one has a new process."""
    pool = opened()
    pixels(pool)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)
    asked = pool.submit(GOOD)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(InvalidImage) as caught:
        asked.result(60)
    assert caught.value.reason == "decoder-crashed"
    assert pixels(pool).shape == (3, 32, 32)
    assert pool.pids != [pid]
    assert pool.died == 1


@pytest.mark.fault("F-44")
def test_a_hang_costs_one_picture(opened: Callable[..., DecoderPool]):
    """At the deadline the process is ended, not left behind to burn a core."""
    pool = opened(terms=Terms(seconds=1))
    pixels(pool)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)
    assert reason(pool) == "took-too-long"
    assert eventually(lambda: gone(pid))
    assert pool.pids == []


def test_memory_has_an_end(opened: Callable[..., DecoderPool]):
    """A picture that unfolds to more than there is is refused, and the process goes on where it can."""
    pool = opened(terms=Terms(memory=60_000_000))
    assert reason(pool, encoded(Image.new("RGB", (5000, 5000)), "PNG", compress_level=1)) in {"too-large", "decoder-crashed"}
    assert pixels(pool).shape == (3, 32, 32)


def test_a_failure_leaves_no_memory_behind(opened: Callable[..., DecoderPool]):
    """The error of one picture does not hold the pixels that the next one needs."""
    pool = opened(terms=Terms(memory=130_000_000))
    clear, plain = (encoded(Image.new(mode, (3000, 3000)), "PNG", compress_level=1) for mode in ("RGBA", "RGB"))
    for _ in range(3):
        assert reason(pool, clear) == "too-large"
        assert pixels(pool, plain).shape == (3, 32, 32)
    assert pool.died == 0


def test_processes_are_replaced(opened: Callable[..., DecoderPool]):
    """What a picture may have left behind does not stay for ever."""
    pool = opened(terms=Terms(pictures=2))
    seen = []
    for _ in range(6):
        pixels(pool)
        seen += pool.pids
    assert [len(set(seen[at : at + 2])) for at in (0, 2, 4)] == [1, 1, 1]
    assert len(set(seen)) == 3
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in seen[:4])


async def test_what_is_too_much_is_refused_at_once(opened: Callable[..., DecoderPool]):
    """A crowd that sends pictures gets a 503 in place of a long wait, and pictures that waited too long are not begun."""
    pool = opened(waiting=2, patience=0.2, terms=Terms(seconds=1))
    await pool.pixels(GOOD)
    os.kill(pool.pids[0], signal.SIGSTOP)
    asked = [asyncio.create_task(pool.pixels(GOOD)) for _ in range(6)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in found] == [InvalidImage, *[Overloaded] * 5]
    assert [each.message for each in found if isinstance(each, Overloaded)].count("Too many pictures are waiting.") == 3
    assert (await pool.pixels(GOOD)).shape == (3, 32, 32)


async def test_a_caller_who_leaves_gives_back_the_place(opened: Callable[..., DecoderPool]):
    """A hundred callers who went away leave as much room as there was."""
    pool = opened(waiting=2)
    for _ in range(30):
        asked = [asyncio.create_task(pool.pixels(GOOD)) for _ in range(3)]
        await asyncio.sleep(0.001)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert await asyncio.to_thread(eventually, lambda: pool._room._value == 3)
    assert (await pool.pixels(GOOD)).shape == (3, 32, 32)


def test_closing_ends_all_also_at_work(opened: Callable[..., DecoderPool]):
    """The program ends at once, and nothing is left running."""
    pool = opened(processes=1)
    pixels(pool)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)
    asked = [pool.submit(GOOD) for _ in range(3)]
    pool.close()
    assert gone(pid)
    assert all(each.cancelled() or isinstance(each.exception(0), InvalidImage) for each in asked)


REPLIES = [
    b"\x03" + struct.pack("!I", 4) + b"abcd",
    b"\x03" + struct.pack("!I", 2**32 - 1),
    b"\x09" + struct.pack("!I", 0),
    b"\x01" + struct.pack("!I", 0),
    b"\x04" + struct.pack("!I", 0),
    b"\x04" + struct.pack("!I", 4) + b"\xff\xff\xff\xff",
    b"\x04" + struct.pack("!I", 13) + b"own-word\nsaid",
    b"",
]


@pytest.mark.parametrize("reply", REPLIES)
def test_a_process_that_was_taken_over_is_not_believed(opened: Callable[..., DecoderPool], reply: bytes):
    """Whatever comes back instead of an answer is one refused picture."""
    program = f"import os; os.write(0, bytes([1, 0, 0, 0, 0])); os.read(0, 99); os.write(0, {reply!r})"
    pool = opened(command=[sys.executable, "-c", program])
    assert reason(pool) == "decoder-crashed"


@pytest.mark.parametrize("command", [["/nonexistent"], [sys.executable, "-c", "raise SystemExit(1)"]])
def test_a_process_that_does_not_start_is_told_as_such(opened: Callable[..., DecoderPool], command: list[str]):
    """A machine without memory is no fault of the picture: try again."""
    with pytest.raises(Overloaded, match="started"):
        pixels(opened(command=command))


PARENT = """
import sys
from searchindex.images.decoder_pool import DecoderPool
from tests.searchindex.images.test_decoder_pool import CARD, GOOD
pool = DecoderPool(CARD)
pool.submit(GOOD).result()
print(pool.pids[0], flush=True)
sys.stdin.read()
"""


@on_linux
async def test_no_process_outlives_its_parent():
    """A service that is killed leaves no decoder behind."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": str(Path.cwd())}
    )
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    assert not gone(pid)
    parent.kill()
    await parent.communicate()
    assert await asyncio.to_thread(eventually, lambda: gone(pid))
