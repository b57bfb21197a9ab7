"""Indexing a folder: the pipeline against the loop that one would write first, with the same encoder and the same engine."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bench.benchmark import Benchmark, Sampler, Setup
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.pictures import folder_of
from cli.workspace import sample_model
from jobs.folder import Folder
from jobs.index import Indexing, index
from searchindex.catalogue import ImageCard
from searchindex.collection import CollectionConfig
from searchindex.encoders.onnx import open_image_encoder
from searchindex.models import PreparedModel
from searchindex.points import point_id
from searchindex.ports import ImageEncoder, Pixels, Point
from searchindex.stores.edge import EdgeStore

PIPELINE, LOOP = "pipeline", "loop"
COUNT, QUICK_COUNT, BATCH = 48, 12, 8


def prepare(setup: Setup) -> None:
    folder_of(setup.folder / "pictures", QUICK_COUNT if setup.quick else COUNT)


def _fresh_store(folder: Path, model: PreparedModel) -> tuple[EdgeStore, CollectionConfig]:
    return EdgeStore(folder), CollectionConfig(name="bench", dim=model.card.dim, fingerprint=model.fingerprint)


def _pipeline(setup: Setup) -> Sampler:
    """Values in pictures a second, and the second run's share of the first one's time."""
    model, numbers = sample_model(), itertools.count()
    encoder, root = open_image_encoder(model), setup.folder / "pictures"

    async def run() -> tuple[int, float, float]:
        store, config = _fresh_store(setup.folder / f"pipeline-{next(numbers)}", model)
        await store.create(config)
        task = Indexing(sources=Folder(root), store=store, encoder=encoder, card=model.card.image, annotations={}, batch_size=BATCH)
        began = time.perf_counter()
        ledger = await index(task)
        first = time.perf_counter() - began
        began = time.perf_counter()
        again = await index(task)
        second = time.perf_counter() - began
        await store.close()
        if again.encoded:
            raise RuntimeError("the second run encoded what was there")
        return ledger.encoded, first, second

    def sample() -> Sample:
        count, first, second = asyncio.run(run())
        return {"per_second": [count / first], "second_share": [second / first]}

    return sample


def _loop(setup: Setup) -> Sampler:
    model, numbers = sample_model(), itertools.count()
    encoder, paths = open_image_encoder(model), sorted((setup.folder / "pictures").iterdir())

    async def run() -> float:
        store, config = _fresh_store(setup.folder / f"loop-{next(numbers)}", model)
        await store.create(config)
        began = time.perf_counter()
        for at in range(0, len(paths), BATCH):
            await store.upsert(_points(paths[at : at + BATCH], encoder, model.card.image))
        await store.optimize()
        seconds = time.perf_counter() - began
        await store.close()
        return seconds

    return lambda: {"per_second": [len(paths) / asyncio.run(run())]}


def _points(paths: Sequence[Path], encoder: ImageEncoder, card: ImageCard) -> list[Point]:
    rows = encoder.encode_images(np.stack([_pixels(path, card) for path in paths]))
    return [Point(point_id(path.name), row, {"file_path": path.name}) for path, row in zip(paths, rows, strict=True)]


def _pixels(path: Path, card: ImageCard) -> Pixels:
    """What the documentation of Pillow and of any model would have one write."""
    with Image.open(path) as opened:
        square = opened.convert("RGB").resize((card.size, card.size), Image.Resampling.BICUBIC)
    scaled = np.asarray(square, dtype=np.float32) / 255
    return np.asarray(((scaled - card.mean) / card.std).transpose(2, 0, 1), dtype=np.float32)


def figures(rounds: Sequence[Round]) -> list[Figure]:
    return [
        ratio_of("pipeline / loop, pictures a second", rounds, Of(PIPELINE, "per_second"), Of(LOOP, "per_second")),
        median_of("second run's share of the first run's time", rounds, Of(PIPELINE, "second_share")),
        median_of("pipeline, pictures a second", rounds, Of(PIPELINE, "per_second")),
        median_of("loop, pictures a second", rounds, Of(LOOP, "per_second")),
    ]


BENCHMARK = Benchmark(
    name="index",
    compares=f"Indexing {COUNT} JPEGs of 0.3 to 12 megapixels, {BATCH} a batch: the pipeline against a plain Pillow loop without overlap.",
    rounds=8,
    prepare=prepare,
    arms={PIPELINE: _pipeline, LOOP: _loop},
    figures=figures,
)
