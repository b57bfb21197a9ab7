"""The text tower of the small model: one query against eight at once, and cut to its length against padded to the full context."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from bench.benchmark import Benchmark, Sampler, Setup
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from cli.workspace import sample_model
from searchindex.encoders.onnx import open_text_encoder
from searchindex.encoders.sessions import open_graph
from searchindex.encoders.tokenizer import open_tokenizer

ONE, EIGHT, PADDED = "one", "eight", "padded"
BATCH = 8
MS = 1000.0
QUERIES = (
    "red heart",
    "slice of pizza",
    "a cat with tears of joy",
    "rocket flying to the moon",
    "flag of japan",
    "old house with a garden",
    "woman playing water polo",
    "clock",
)

Encode = Callable[[Sequence[str]], object]


def prepare(_setup: Setup) -> None:
    """The model is in the repository."""


def _one(setup: Setup) -> Sampler:
    return _sampler(open_text_encoder(sample_model()).encode_texts, setup, batch=1)


def _eight(setup: Setup) -> Sampler:
    return _sampler(open_text_encoder(sample_model()).encode_texts, setup, batch=BATCH)


def _padded(setup: Setup) -> Sampler:
    return _sampler(_padded_encoder(), setup, batch=1)


def _padded_encoder() -> Encode:
    """The same graph over as many tokens as it can take, as tokenizers pad when they are asked for a fixed length."""
    model = sample_model()
    tokenizer = open_tokenizer(model.card.text, model.path(model.text.tokenizer))
    graph = open_graph(model, model.text.graph, model.text.weights, threads=None)
    types = {name: np.int32 if node.type == "tensor(int32)" else np.int64 for name, node in graph.inputs.items()}

    def encode(texts: Sequence[str]) -> object:
        ids, mask = (np.pad(rows, ((0, 0), (0, model.card.text.context_length - rows.shape[1]))) for rows in tokenizer.encode(texts))
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return graph.run({name: feeds[name].astype(kind, copy=False) for name, kind in types.items()})

    return encode


def _sampler(encode: Encode, setup: Setup, *, batch: int) -> Sampler:
    """Every query `repeat` times, `batch` at once; values are milliseconds for one query."""
    repeat = 2 if setup.quick else 6

    def sample() -> Sample:
        times: list[float] = []
        for _ in range(repeat):
            for at in range(0, len(QUERIES), batch):
                began = time.perf_counter()
                encode(QUERIES[at : at + batch])
                times.append(MS * (time.perf_counter() - began) / batch)
        return {"ms": times}

    return sample


def figures(rounds: Sequence[Round]) -> list[Figure]:
    return [
        ratio_of("padded to 128 tokens / cut to length, one query", rounds, Of(PADDED, "ms"), Of(ONE, "ms")),
        ratio_of("alone / in a batch of 8, per query", rounds, Of(ONE, "ms"), Of(EIGHT, "ms")),
        median_of("cut to length, one query, P50", rounds, Of(ONE, "ms"), unit="ms"),
        median_of("cut to length, batch of 8, per query, P50", rounds, Of(EIGHT, "ms"), unit="ms"),
        median_of("padded to 128 tokens, one query, P50", rounds, Of(PADDED, "ms"), unit="ms"),
    ]


BENCHMARK = Benchmark(
    name="encode",
    compares="The small model's text tower on eight short queries: alone against together, cut to length against padded.",
    rounds=16,
    prepare=prepare,
    arms={ONE: _one, EIGHT: _eight, PADDED: _padded},
    figures=figures,
)
