"""What the metrics read when they are looked at: state that its owners keep anyway, so that counting costs a search nothing."""

from collections.abc import Mapping

from observability import metrics
from observability.meter import Labels, Meter
from service.breaker import State
from service.cache import Cache
from service.engine import Engine
from service.search import Searcher

Values = Mapping[Labels, float]


def watch_service(meter: Meter, searcher: Searcher) -> None:
    """Everything of this process that is read and not told."""
    engine, cache = searcher.engine, searcher.cache
    meter.watch(metrics.CACHE_REQUESTS, lambda: {(cache.name, "hit"): searcher.hits, (cache.name, "miss"): searcher.misses})
    meter.watch(metrics.CACHE_UP, lambda: {(cache.name,): float(cache.connected)})
    _watch_errors(meter, cache)
    _watch_engine(meter, engine)
    _watch_encoder(meter, engine)


def _watch_engine(meter: Meter, engine: Engine) -> None:
    named: Values = {(engine.parts.card.name, str(engine.parts.fingerprint), str(engine.parts.card.dim)): 1.0}
    meter.watch(metrics.MODEL_INFO, lambda: named)
    meter.watch(metrics.MODEL_LOADED, lambda: {(): float(engine.model_loaded)})
    meter.watch(metrics.READY, lambda: {(): float(engine.problem is None)})
    meter.watch(metrics.COLLECTION_POINTS, lambda: {(engine.state.name,): engine.state.points} if engine.state else {})
    meter.watch(metrics.COLLECTION_INDEXED, lambda: {(engine.state.name,): engine.state.indexed} if engine.state else {})


def _watch_encoder(meter: Meter, engine: Engine) -> None:
    meter.watch(metrics.ENCODE_QUEUE_DEPTH, lambda: {(): float(engine.waiting)})
    meter.watch(metrics.ENCODE_QUEUE_LIMIT, lambda: {(): float(engine.parts.queue)})
    meter.watch(metrics.ENCODE_TEXTS, lambda: {(outcome,): float(count) for outcome, count in engine.encoded.items()})


def _watch_errors(meter: Meter, cache: Cache) -> None:
    breakers = cache.breakers
    meter.watch(metrics.CACHE_ERRORS, lambda: {(kind,): float(count) for kind, count in cache.faults.items()})
    meter.watch(metrics.BREAKER_STATE, lambda: {(n, s.value): float(b.state is s) for n, b in breakers.items() for s in State})
    meter.watch(metrics.BREAKER_REFUSALS, lambda: {(name,): float(each.refusals) for name, each in breakers.items()})
    meter.watch(metrics.BREAKER_FAILURES, lambda: {(name,): float(each.failures) for name, each in breakers.items()})
