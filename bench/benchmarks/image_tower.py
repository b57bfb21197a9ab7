"""A picture tower in float32, as it is served, against the same in eight bits."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from onnxruntime.quantization import QuantType, quantize_dynamic

from bench.benchmark import Benchmark, Sampler, Setup
from bench.benchmarks.rates import PREPARED, random_model
from bench.benchmarks.text_tower import missing
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.pictures import folder_of
from bench.tower_shapes import MS
from bench.tower_vectors import cosines
from searchindex.catalogue import ModelCard, find_card
from searchindex.encoders.onnx import open_image_encoder
from searchindex.images.decode import decode
from searchindex.images.preprocess import preprocess
from searchindex.models import ImageFiles, ModelFile, PreparedModel, read_model, sha256_of
from searchindex.ports import Pixels, Vectors

CARD = find_card("ViT-B-32")
FP32, INT8 = "fp32", "int8"
PICTURES, PIXELS, EXPECTED = 24, "pixels.npy", "expected.npy"
BATCHES = (1, 8)


def prepare(setup: Setup) -> None:
    """Random weights; made-up pictures, and their vectors in float32."""
    model = random_model(setup.folder, CARD.name)
    pixels = _pixels(setup.folder / "pictures", CARD)
    np.save(setup.folder / PIXELS, pixels)
    np.save(setup.folder / EXPECTED, open_image_encoder(model).encode_images(pixels))
    quantized(model, setup.folder)


def _pixels(folder: Path, card: ModelCard) -> Pixels:
    files = sorted(folder_of(folder, PICTURES).iterdir())
    return np.stack([preprocess(decode(each.read_bytes(), at_least=card.image.size), card.image) for each in files])


def quantized(model: PreparedModel, folder: Path) -> PreparedModel:
    """The model with its picture tower by ONNX Runtime's own dynamic quantisation; the patches' convolution stays in float32."""
    if model.image is None:
        raise ValueError("the model has no picture tower")
    path = folder / "image-int8.onnx"
    if not path.exists():
        plain = model.path(model.image.graph)
        quantize_dynamic(plain, path, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8)
    return replace(model, folder=folder, image=ImageFiles(graph=ModelFile(path=path.name, sha256=sha256_of(path))))


def _arm(setup: Setup, *, eight_bits: bool) -> Sampler:
    model = read_model(setup.folder / PREPARED)
    encoder = open_image_encoder(quantized(model, setup.folder) if eight_bits else model)
    pixels, expected = np.load(setup.folder / PIXELS), np.load(setup.folder / EXPECTED)

    def sample() -> Sample:
        taken: dict[str, list[float]] = {}
        for batch in BATCHES:
            parts = []
            for at in range(0, PICTURES // 3 if setup.quick else PICTURES, batch):
                began = time.perf_counter()
                parts.append(encoder.encode_images(pixels[at : at + batch]))
                taken.setdefault(f"{batch} ms", []).append(MS * (time.perf_counter() - began) / batch)
            rows = np.concatenate(parts)
            taken[f"{batch} cosine"] = cosines(rows, expected[: len(rows)])
            taken[f"{batch} own"] = own_cosines(rows, expected[: len(rows)])
        return taken

    return sample


def own_cosines(rows: Vectors, expected: Vectors) -> list[float]:
    """Without what all pictures share, which is most of a vector of random weights: of what tells one from another."""
    common = expected.mean(axis=0)
    return cosines(rows - common, expected - common)


def figures(rounds: Sequence[Round]) -> list[Figure]:
    made: list[Figure] = []
    for batch in BATCHES:
        words = "alone" if batch == 1 else f"in batches of {batch}"
        made.append(ratio_of(f"{words}: fp32 / int8", rounds, Of(FP32, f"{batch} ms"), Of(INT8, f"{batch} ms")))
        made += [median_of(f"{words}: {arm}, for one picture", rounds, Of(arm, f"{batch} ms"), unit="ms") for arm in (FP32, INT8)]
        made += [
            median_of(f"{words}: int8, least cosine", rounds, Of(INT8, f"{batch} cosine", 0)),
            median_of(f"{words}: int8, least cosine of what pictures do not share", rounds, Of(INT8, f"{batch} own", 0)),
        ]
    return made


BENCHMARK = Benchmark(
    name="image-tower",
    compares=f"The picture tower of {CARD.architecture} with random weights on made-up pictures: float32, as it is served, against "
    "ONNX Runtime's dynamic quantisation of the same graph, by time and by cosine.",
    rounds=9,
    minutes=4,
    prepare=prepare,
    arms={FP32: partial(_arm, eight_bits=False), INT8: partial(_arm, eight_bits=True)},
    figures=figures,
    missing=missing,
    on_request=True,
)
