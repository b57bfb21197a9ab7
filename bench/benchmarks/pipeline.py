"""Feeding an encoder: the indexing pipeline against a loader of four processes with Pillow, as one writes it around a model."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from bench.benchmark import Benchmark, Sampler, Setup
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.pictures import folder_of
from jobs.folder import Folder
from jobs.index import Indexing, index
from searchindex.catalogue import find_card
from searchindex.collection import CollectionConfig
from searchindex.points import point_id
from searchindex.ports import Pixels, Point, Vectors
from searchindex.stores.edge import EdgeStore

PIPELINE, LOADER, FED = "pipeline", "loader", "fed"
CARD = find_card("ViT-B-32/laion2b_s34b_b79k").image
COUNT, QUICK_COUNT, BATCH, WORKERS, AHEAD, DIM = 96, 24, 16, 4, 2, 512
DEVICE_MS = 25.0  # for one picture: more than decoding takes, so that the encoder is what has to be kept busy


class Stub:
    """Made-up vectors. `ms`: what a device would take for a picture, during which the processor is free."""

    dim = DIM

    def __init__(self, ms: float = 0.0) -> None:
        self._seconds, self.busy, self.began = ms / 1000, 0.0, 0.0

    def encode_images(self, pixels: Pixels) -> Vectors:
        began = time.perf_counter()
        self.began = self.began or began
        time.sleep(self._seconds * len(pixels))
        rows = pixels[:, :, :13, :14].reshape(len(pixels), -1)[:, :DIM] + np.float32(3)
        self.busy += time.perf_counter() - began
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def prepare(setup: Setup) -> None:
    folder_of(setup.folder / "pictures", QUICK_COUNT if setup.quick else COUNT)


def _numbered(setup: Setup, name: str) -> Iterator[EdgeStore]:
    """A new store for each sample."""
    return (EdgeStore(setup.folder / f"{name}-{number}") for number in itertools.count())


async def _open(store: EdgeStore) -> None:
    await store.create(CollectionConfig(name="bench", dim=DIM, fingerprint="stub"))


def _pipeline(setup: Setup, *, name: str = PIPELINE, ms: float = 0.0) -> Sampler:
    """`idle`: the share of the time from its first batch to its last that the encoder waited."""
    stores, sources = _numbered(setup, name), Folder(setup.folder / "pictures")

    async def run() -> Sample:
        store, encoder = next(stores), Stub(ms)
        await _open(store)
        run = Indexing(
            sources=sources, store=store, encoder=encoder, card=CARD, annotations={}, batch_size=BATCH, workers=WORKERS, optimize=False
        )
        began = time.perf_counter()
        ledger = await index(run)
        ended = time.perf_counter()
        await store.close()
        return {"per_second": [ledger.encoded / (ended - began)], "idle": [1 - encoder.busy / (ended - encoder.began)]}

    return lambda: asyncio.run(run())


def _fed(setup: Setup) -> Sampler:
    return _pipeline(setup, name=FED, ms=DEVICE_MS)


def _loader(setup: Setup) -> Sampler:
    """Batches are decoded in order by the processes, `AHEAD` for each of them at most, as torch's DataLoader does by default."""
    stores, encoder = _numbered(setup, LOADER), Stub()
    paths = sorted((setup.folder / "pictures").iterdir())
    batches = [paths[at : at + BATCH] for at in range(0, len(paths), BATCH)]
    pool = ProcessPoolExecutor(WORKERS, mp_context=get_context("fork"))  # as on Linux by default

    async def run() -> Sample:
        store = next(stores)
        await _open(store)
        began = time.perf_counter()
        for batch, pixels in zip(batches, _decoded(pool, batches), strict=True):
            rows = encoder.encode_images(pixels)
            points = [Point(point_id(path.name), row, {"file_path": path.name}) for path, row in zip(batch, rows, strict=True)]
            await store.upsert(points)
        seconds = time.perf_counter() - began
        await store.close()
        return {"per_second": [len(paths) / seconds]}

    return lambda: asyncio.run(run())


def _decoded(pool: ProcessPoolExecutor, batches: Sequence[Sequence[Path]]) -> Iterator[Pixels]:
    waiting: deque[Future[Pixels]] = deque()
    for batch in batches:
        waiting.append(pool.submit(_batch, batch))
        if len(waiting) >= WORKERS * AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _batch(paths: Sequence[Path]) -> Pixels:
    return np.stack([_picture(path) for path in paths])


def _picture(path: Path) -> Pixels:
    """Open, RGB, shorter side to the model's, middle square, normalised: what open_clip's transform does."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    ratio = CARD.size / min(picture.size)
    wide, high = (max(CARD.size, int(side * ratio)) for side in picture.size)
    left, top = (wide - CARD.size) // 2, (high - CARD.size) // 2
    square = picture.resize((wide, high), Image.Resampling.BICUBIC).crop((left, top, left + CARD.size, top + CARD.size))
    scaled = np.asarray(square, dtype=np.float32) / 255
    return np.asarray(((scaled - CARD.mean) / CARD.std).transpose(2, 0, 1), dtype=np.float32)


def figures(rounds: Sequence[Round]) -> list[Figure]:
    return [
        ratio_of("pipeline / loader, pictures a second", rounds, Of(PIPELINE, "per_second"), Of(LOADER, "per_second")),
        median_of("pipeline, pictures a second", rounds, Of(PIPELINE, "per_second")),
        median_of("loader, pictures a second", rounds, Of(LOADER, "per_second")),
        median_of(f"encoder of {DEVICE_MS:.0f} ms a picture, share of the time that it waited", rounds, Of(FED, "idle")),
    ]


BENCHMARK = Benchmark(
    name="pipeline",
    compares=(
        f"Feeding an encoder of {CARD.size} px with {COUNT} JPEGs of 0.3 to 12 megapixels, {BATCH} a batch: the pipeline with {WORKERS} "
        f"threads against {WORKERS} processes with Pillow, as torch's DataLoader arranges them; a stub encodes, the embedded engine stores."
    ),
    rounds=8,
    prepare=prepare,
    arms={PIPELINE: _pipeline, LOADER: _loader, FED: _fed},
    figures=figures,
)
