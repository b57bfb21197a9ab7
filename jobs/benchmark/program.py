"""`python -m jobs benchmark`: latency by stage, recall, and a verdict over both."""

import asyncio
from typing import Any

import orjson

from jobs.benchmark.measure import Bench, Times
from jobs.benchmark.questions import Question, continued, texts_of
from jobs.benchmark.report import plot, stages_of, statistics, verdict
from jobs.benchmark.settings import BenchmarkSettings
from jobs.concluding import Conclusion, conclude
from jobs.ending import COMPLETED, Ending, Reason
from jobs.opening import open_model, opened_store
from jobs.shared_settings import read
from jobs.simulation.vectors import Simulation
from jobs.stop import Stop
from searchindex.collection import CollectionState
from searchindex.encoders.opening import check_runtime, open_text_encoder
from searchindex.errors import CollectionMismatch, InvalidInput, NotFound
from searchindex.ports import TextEncoder, VectorStore


def run(given: dict[str, Any]) -> int:
    async def work(stop: Stop) -> Conclusion:
        return await _benchmark(read(BenchmarkSettings, given), stop)

    return conclude(work)


async def _benchmark(settings: BenchmarkSettings, stop: Stop) -> Conclusion:
    async with opened_store(settings) as store:
        state = await _state(store, settings)
        encoder = None if settings.benchmark_seed is not None else await asyncio.to_thread(_encoder, settings, state)
        questions = _questions(settings, state)
        bench = Bench(store=store, encoder=encoder, top_k=settings.benchmark_top_k, stop=stop)
        await bench.timed(questions, requests=settings.benchmark_warm_up, clients=settings.benchmark_clients)
        times, rate = await bench.timed(questions, requests=settings.benchmark_requests, clients=settings.benchmark_clients)
        recall = await bench.recall(questions[: settings.benchmark_checked])
    return _concluded(settings, state, times, {"searches_per_second": round(rate, 1), "recall": round(recall, 4)})


async def _state(store: VectorStore, settings: BenchmarkSettings) -> CollectionState:
    state = await store.state()
    if state is None or not state.points:
        raise NotFound(f'There is nothing in the collection "{settings.qdrant_collection}".', hint="Index or simulate first.")
    return state


def _encoder(settings: BenchmarkSettings, state: CollectionState) -> TextEncoder:
    model = open_model(settings)
    if model.fingerprint != state.fingerprint:
        raise CollectionMismatch(
            f'The collection "{state.name}" holds vectors of {state.fingerprint or "(no model)"}; the model is {model.fingerprint}.',
            hint="Name the collection's model, or give --seed where its vectors were simulated.",
        )
    check_runtime(model, settings.runtime())
    return open_text_encoder(model, settings.runtime())


def _questions(settings: BenchmarkSettings, state: CollectionState) -> list[Question]:
    if settings.benchmark_seed is None:
        return texts_of(settings.benchmark_queries)
    count = min(settings.benchmark_requests, 10 * settings.benchmark_checked)
    return list(continued(Simulation(state.dim, settings.benchmark_seed), stored=state.points, count=count))


def _concluded(settings: BenchmarkSettings, state: CollectionState, times: Times, found: dict[str, Any]) -> Conclusion:
    stages = stages_of(times)
    figures = {name: statistics(values) for name, values in stages.items()}
    judged = verdict(figures, found["recall"], most_ms=settings.benchmark_most_ms, least_recall=settings.benchmark_least_recall)
    facts = {
        "collection": state.name,
        "points": state.points,
        "indexed": state.indexed,
        "requests": settings.benchmark_requests,
        "clients": settings.benchmark_clients,
        "top_k": settings.benchmark_top_k,
        **found,
        "stages": figures,
        "verdict": judged,
    }
    if settings.benchmark_out is not None:
        title = f"{state.points:,} points, recall@{settings.benchmark_top_k} {found['recall']:.3f}"
        _keep(settings, facts, plot(stages, title=title, most_ms=settings.benchmark_most_ms))
    return Conclusion(facts, COMPLETED if judged["met"] else _missed(judged))


def _missed(judged: dict[str, Any]) -> Ending:
    said = f"P95 is {judged['p95_ms']} ms of {judged['most_ms']:g}, recall {judged['recall']} of at least {judged['least_recall']:g}."
    return Ending(Reason.TARGET_MISSED, 5, said)


def _keep(settings: BenchmarkSettings, facts: dict[str, Any], picture: str) -> None:
    if settings.benchmark_out is None:
        return
    try:
        settings.benchmark_out.mkdir(parents=True, exist_ok=True)
        (settings.benchmark_out / "benchmark.json").write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
        (settings.benchmark_out / "benchmark.svg").write_text(picture, "utf-8")
    except OSError as error:
        raise InvalidInput(f"BENCHMARK_OUT: {settings.benchmark_out} cannot be written: {error.strerror}.") from None
