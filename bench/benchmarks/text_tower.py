"""Text towers of large models with random weights: open_clip as people run it against the product, and against the machine's floor."""

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.benchmark import Benchmark, Sampler, Setup
from bench.benchmarks.rates import PYTHON, TORCH
from bench.elsewhere import sampler_elsewhere
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.floor import floor_ms, measure_machine
from bench.stack import ROOT
from bench.tower_shapes import MS, Shape, resident, shapes, token_ids, write_shapes
from bench.tower_vectors import REPEAT, Encode
from searchindex.catalogue import ModelCard, Truncation, find_card
from searchindex.encoders import compiled
from searchindex.encoders.opening import open_text_encoder
from searchindex.encoders.runtime import Runtime
from searchindex.encoders.sessions import open_graph
from searchindex.models import Precision, PreparedModel, read_model

STOCK, CUT, TORCH_INT8, FLOOR = "stock", "cut", "torch-int8", "floor"
OURS = tuple(map(str, Precision))


def missing() -> str:
    return "" if (TORCH / ".done").exists() else "its baseline needs torch (5.7 GB): make .build/torch/.done"


def prepare(setup: Setup, *, card: ModelCard) -> None:
    """Random weights, and the product's models of them in each precision."""
    subprocess.run(in_torch("prepare", str(setup.folder), card.name), cwd=ROOT, stdout=sys.stderr, check=True)


def in_torch(*arguments: str) -> list[str]:
    """A command in the environment that torch has of its own."""
    return [str(PYTHON), "-m", "bench.baseline_seed.towers", *arguments]


def _theirs(setup: Setup, *, arm: str, card: ModelCard) -> Sampler:
    """Timed in a process that has torch."""
    found = _measured_of(arm, shapes(card, quick=setup.quick))
    return sampler_elsewhere(in_torch(arm, card.name, write_shapes(found)))


def _measured_of(arm: str, found: list[Shape]) -> list[Shape]:
    """Padded to the full context every length costs the same, and large batches cost minutes."""
    if arm != STOCK:
        return found
    return [next(shape for shape in found if shape.batch == batch) for batch in (1, 8)]


def _ours(setup: Setup, *, precision: str, card: ModelCard) -> Sampler:
    model, found = read_model(setup.folder / precision), shapes(card, quick=setup.quick)
    began = time.perf_counter()
    open_text_encoder(model, Runtime(device="cpu"))  # with its digests and golden texts: what a pod does before it is ready
    load = time.perf_counter() - began
    run, seeds = runner(model), itertools.count()  # no text comes twice: what begins alike is not computed again

    def sample() -> Sample:
        taken: dict[str, list[float]] = {}
        for shape in found:
            for ids in (token_ids(card, shape, seed=next(seeds)) for _ in range(REPEAT)):
                taken.setdefault(shape.name, []).append(_time(run, ids))
                if shape.batch == 1:
                    taken.setdefault(f"{shape.name} keystroke", []).append(_time(run, _typed_on(ids)))
        return {**taken, "load": [load], "resident": [resident()]}

    return sample


def runner(model: PreparedModel) -> Encode:
    """Its text tower alone, without its tokenizer, as the product would run it on this machine."""
    return compiled.open_tower(model).run if compiled.suits(model) else by_onnxruntime(model)


def by_onnxruntime(model: PreparedModel) -> Encode:
    graph = open_graph(model, model.text.graph, model.text.weights, threads=None)
    return lambda ids: graph.run({"input_ids": ids})


def _typed_on(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same texts after another key: their last word is another one."""
    typed = ids.copy()
    typed[:, -2] += 1
    return typed


def _time(run: Encode, ids: NDArray[np.int64]) -> float:
    began = time.perf_counter()
    run(ids)
    return MS * (time.perf_counter() - began)


def _floor(setup: Setup, *, card: ModelCard) -> Sampler:
    """What the machine can do at this moment, and what each shape would take at that."""
    weights = read_model(setup.folder / Precision.FP32)
    found = shapes(card, quick=setup.quick)

    def sample() -> Sample:
        machine = measure_machine()
        floors = {f"{shape.name} {p}": [floor_ms(weights, shape, Precision(p), machine)] for shape in found for p in OURS}
        return {"GB/s": [machine.bytes / 1e9], "GFLOP/s": [machine.fp32 / 1e9], "GOP/s": [machine.int8 / 1e9], **floors}

    return sample


def figures(rounds: Sequence[Round], *, card: ModelCard) -> list[Figure]:
    measured = [name for name in rounds[0][OURS[0]] if "x" in name and " " not in name]
    alone, cut = [name for name in measured if name.endswith("x1")], card.text.truncation is Truncation.END_OF_TEXT
    stock = next(name for name in rounds[0][STOCK] if name.endswith("x1"))
    made: list[Figure] = []
    for name in alone:
        tokens = name.partition("x")[0]
        made += [ratio_of(f"{tokens} tokens: stock / {arm}", rounds, Of(STOCK, stock), Of(arm, name)) for arm in reversed(OURS)]
        made += [
            ratio_of(f"{tokens} tokens: one more key / the whole text, {arm}", rounds, Of(arm, f"{name} keystroke"), Of(arm, name))
            for arm in reversed(OURS)
        ]
        made += [
            ratio_of(f"{tokens} tokens: {arm} / its floor", rounds, Of(arm, name), Of(FLOOR, f"{name} {arm}")) for arm in reversed(OURS)
        ]
    arms = (STOCK, *((CUT, TORCH_INT8) if cut else ()), *OURS)
    made += [
        median_of(f"{arm}, {_words(name)}", rounds, Of(arm, name), unit="ms") for arm in arms for name in rounds[0][arm] if name in measured
    ]
    made += [median_of(f"{arm}, resident", rounds, Of(arm, "resident"), unit="MiB") for arm in arms]
    made += [median_of(f"{arm}, loaded and proven", rounds, Of(arm, "load"), unit="s") for arm in OURS]
    return made + [median_of(f"this machine, {unit}", rounds, Of(FLOOR, unit)) for unit in ("GB/s", "GFLOP/s", "GOP/s")]


def _words(name: str) -> str:
    length, _, batch = name.partition("x")
    return f"{length} tokens" if batch == "1" else f"{batch} texts of {length} tokens"


def benchmark(name: str, card_name: str) -> Benchmark:
    card = find_card(card_name)
    theirs = (STOCK, CUT, TORCH_INT8) if card.text.truncation is Truncation.END_OF_TEXT else (STOCK,)
    arms: dict[str, Callable[[Setup], Sampler]] = {arm: partial(_theirs, arm=arm, card=card) for arm in theirs}
    arms |= {precision: partial(_ours, precision=precision, card=card) for precision in OURS}
    return Benchmark(
        name=name,
        compares=f"The text tower of {card.architecture} with random weights: open_clip padded to its context, cut, and in torch's "
        "eight bits, against the product's graphs, and these against what the machine's memory and arithmetic allow.",
        rounds=9,
        prepare=partial(prepare, card=card),
        arms=arms | {FLOOR: partial(_floor, card=card)},
        figures=partial(figures, card=card),
        missing=missing,
        on_request=True,
    )


_CARDS = {
    "text-tower": "ViT-H-14",
    "text-tower-l14": "ViT-L-14",
    "text-tower-b32": "ViT-B-32",
    "text-tower-siglip2": "ViT-B-16-SigLIP2",
}
BENCHMARKS = tuple(benchmark(name, card) for name, card in _CARDS.items())
