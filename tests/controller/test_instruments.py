"""What the controller shows of each index."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from controller.instruments import Instruments
from controller.observed import Key
from controller.work_queue import WorkQueue
from observability.metrics import Program
from observability.prometheus import PrometheusMeter
from searchindex.status import IndexingStatus, RunResult, SearchIndexStatus

KEY = Key("shop", "photos")
RUN = IndexingStatus(revision=1, trigger="a-0", job_name="photos-r1-a", total=10, processed=10, indexed=7, failed=3, percent=100)


@pytest.fixture
def meter() -> PrometheusMeter:
    return PrometheusMeter(Program.CONTROLLER, version="1")


def shown(meter: PrometheusMeter, name: str) -> dict[tuple[str, ...], float]:
    # by the labels in the order of their names
    samples = [sample for family in parse(meter.exposition("")[0].decode()) for sample in family.samples if sample.name == name]
    return {tuple(sample.labels.values()): sample.value for sample in samples}


def looked_at(meter: PrometheusMeter, *statuses: SearchIndexStatus | None) -> None:
    instruments = Instruments(meter=meter, queue=WorkQueue(resync=25.0), watch_age=lambda: 0.0)
    for status in statuses:
        with instruments.reconcile(KEY) as seen:
            seen.status = status


@pytest.mark.parametrize(("result", "failed"), [(RunResult.FAILED, 1), (RunResult.SUCCEEDED, 0), (None, 0)])
def test_a_run_outlives_its_pods(meter: PrometheusMeter, result: RunResult | None, failed: float) -> None:
    """They are gone before anybody scrapes them again: how it ended, and what became of the pictures, is told here."""
    looked_at(meter, SearchIndexStatus(indexing=RUN.model_copy(update={"result": result})))
    assert shown(meter, "searchindex_index_run_failed") == {("photos", "shop"): failed}
    pictures = shown(meter, "searchindex_index_pictures")
    assert (pictures["photos", "shop", "indexed"], pictures["photos", "shop", "failed"]) == (7, 3)
    assert sum(pictures.values()) == RUN.processed


def test_an_index_without_a_run_has_no_pictures(meter: PrometheusMeter) -> None:
    """Nothing is not zero of each kind."""
    looked_at(meter, SearchIndexStatus())
    assert shown(meter, "searchindex_index_pictures") == {}


def test_an_index_that_is_gone_is_not_shown(meter: PrometheusMeter) -> None:
    """Else its alerts would fire for ever."""
    looked_at(meter, SearchIndexStatus(indexing=RUN), None)
    assert shown(meter, "searchindex_index_ready") == shown(meter, "searchindex_index_pictures") == {}
