"""The trace of a run."""

import re

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

from controller.names import TRACE_ID
from controller.run_trace import trace_id, traceparent
from jobs.telemetry import trace_of
from observability.tracing import W3C
from tests.controller.job_samples import environment, example, job


@given(st.text(max_size=60), st.integers(1, 10**7), st.text(max_size=60))
def test_it_is_one_that_everybody_takes(uid: str, revision: int, trigger: str) -> None:
    """Sampled, and read by OpenTelemetry and by the indexer as it is meant; the same whenever it is asked for."""
    made = traceparent(uid=uid, revision=revision, trigger=trigger)
    read = trace.get_current_span(W3C.extract({"traceparent": made})).get_span_context()
    assert read.is_valid
    assert read.trace_flags.sampled
    assert trace.format_trace_id(read.trace_id) == trace_id(made) == trace_of(made)
    assert made == traceparent(uid=uid, revision=revision, trigger=trigger)


def test_every_run_has_its_own() -> None:
    """Another index, revision or trigger is another trace."""
    runs = [("u", 1, "a-0"), ("v", 1, "a-0"), ("u", 2, "a-0"), ("u", 1, "a-60")]
    assert len({traceparent(uid=uid, revision=revision, trigger=trigger) for uid, revision, trigger in runs}) == len(runs)


def test_the_job_says_it() -> None:
    """Where a person looks for it: an annotation, the same as its pods are told, whatever the template is otherwise."""
    one, other = job(example()), job(example(indexing={"batchSize": 8}))
    found = {re.split("-", environment(made)["TRACEPARENT"])[1] for made in (one, other)}
    assert found == {one["metadata"]["annotations"][TRACE_ID]} == {other["metadata"]["annotations"][TRACE_ID]}
    assert job(example(), trigger="another-0")["metadata"]["annotations"][TRACE_ID] not in found
