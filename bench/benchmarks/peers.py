"""Other ways to run a text tower, against the product's: another engine, other eight bits, four bits."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.benchmark import Benchmark, Sampler, Setup
from bench.benchmarks import text_tower
from bench.benchmarks.text_tower import by_onnxruntime, in_torch, runner
from bench.blockwise import write_blockwise
from bench.elsewhere import sampler_elsewhere
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.stack import ROOT
from bench.tower_shapes import Shape, resident, shapes, write_shapes
from bench.tower_vectors import Encode, read_expected, timed, write_expected
from searchindex.catalogue import find_card
from searchindex.models import ModelFile, Precision, PreparedModel, read_model, sha256_of

CARD = find_card("ViT-H-14")
PEERS = ROOT / ".build" / "peers"
EXPECTED, DYNAMIC = "expected.npz", "dynamic.onnx"
BLOCKS = {8: 128, 4: 32}  # weights to a scale, by bits: what is fastest, and what is least wrong


def missing() -> str:
    lacking = "" if (PEERS / ".done").exists() else "it needs OpenVINO (280 MB): make bench-peers"
    return text_tower.missing() or lacking


def prepare(setup: Setup) -> None:
    """The product's models, and of its float32 graph what the others run; of torch's own export what ONNX Runtime's quantiser makes."""
    text_tower.prepare(setup, card=CARD)
    subprocess.run(in_torch("dynamic", str(setup.folder / DYNAMIC), CARD.name), cwd=ROOT, stdout=sys.stderr, check=True)
    exact = read_model(setup.folder / Precision.FP32)
    for bits, block in BLOCKS.items():
        write_blockwise(exact.path(exact.text.graph), setup.folder / f"blockwise-{bits}.onnx", bits=bits, block=block)
    write_expected(setup.folder / EXPECTED, runner(exact), CARD, _measured(setup))


def _measured(setup: Setup) -> list[Shape]:
    return [shape for shape in shapes(CARD, quick=setup.quick) if shape.batch == 1]


def _product(setup: Setup, *, precision: Precision) -> Sampler:
    """As it runs on this machine."""
    return _sampler(setup, runner(read_model(setup.folder / precision)))


def _onnxruntime(setup: Setup, *, precision: Precision = Precision.FP32, graph: str | None = None) -> Sampler:
    """With the product's session options. `graph`: another one for the model of this precision."""
    model = read_model(setup.folder / precision)
    return _sampler(setup, by_onnxruntime(_with_graph(model, setup.folder / graph) if graph else model))


def _sampler(setup: Setup, encode: Encode) -> Sampler:
    found, expected = _measured(setup), read_expected(setup.folder / EXPECTED)

    def sample() -> Sample:
        return {**timed(encode, CARD, found, expected), "resident": [resident()]}

    return sample


def _with_graph(model: PreparedModel, path: Path) -> PreparedModel:
    """The graph brings its weights itself."""
    graph = ModelFile(path=path.name, sha256=sha256_of(path))
    return replace(model, folder=path.parent, text=replace(model.text, graph=graph, weights=None))


def _openvino(setup: Setup, *, precision: Precision) -> Sampler:
    model, names = read_model(setup.folder / precision), write_shapes(_measured(setup))
    command = [PEERS / "bin" / "python", "-m", "bench.openvino_tower", model.path(model.text.graph), setup.folder / EXPECTED]
    return sampler_elsewhere([*map(str, command), CARD.name, names])


def figures(rounds: Sequence[Round]) -> list[Figure]:
    """Every time beside the least cosine of its texts to the vectors of the product's float32 graph."""
    measured = [name for name in rounds[0][Precision.INT8] if name.endswith("x1")]
    made: list[Figure] = []
    for name in measured:
        tokens = f"{name.partition('x')[0]} tokens"
        made += [ratio_of(f"{tokens}: {arm} / int8", rounds, Of(arm, name), Of(Precision.INT8, name)) for arm in ARMS if arm not in OURS]
        made += [median_of(f"{arm}, {tokens}", rounds, Of(arm, name), unit="ms") for arm in ARMS]
        made += [median_of(f"{arm}, {tokens}: least cosine", rounds, Of(arm, f"{name} cosine", 0)) for arm in ARMS]
    return made + [median_of(f"{arm}, resident", rounds, Of(arm, "resident"), unit="MiB") for arm in ARMS]


OURS = tuple(map(str, Precision))
ARMS: dict[str, Callable[[Setup], Sampler]] = {
    **{str(precision): partial(_product, precision=precision) for precision in Precision},
    "onnxruntime-int8": partial(_onnxruntime, precision=Precision.INT8),
    "dynamic": partial(_onnxruntime, graph=DYNAMIC),
    **{f"blockwise-{bits}": partial(_onnxruntime, graph=f"blockwise-{bits}.onnx") for bits in BLOCKS},
    **{f"openvino-{precision}": partial(_openvino, precision=precision) for precision in Precision},
}
BENCHMARK = Benchmark(
    name="text-tower-peers",
    compares=f"The text tower of {CARD.architecture} with random weights, one text at a time: as the product runs it against "
    "the same graphs in ONNX Runtime and OpenVINO, the float32 graph with its weights in blocks of eight and four bits (MatMulNBits), and "
    "torch's export in ONNX Runtime's own dynamic quantisation. Cosines are to the product's float32 vectors.",
    rounds=3,
    minutes=10,
    prepare=prepare,
    arms=ARMS,
    figures=figures,
    missing=missing,
    on_request=True,
)
