"""Progress, as lines and over HTTP."""

import http.client
import json
import socket

import pytest

from jobs.instruments import Instruments
from jobs.ledger import Entry, Ledger, Outcome
from jobs.progress import Progress, Reporter
from jobs.progress_http import TIMEOUT, ProgressServer
from jobs.shards import Shard
from observability.metrics import Program


class Kept:
    def __init__(self) -> None:
        self.reports: list[Progress] = []

    def publish(self, progress: Progress) -> None:
        self.reports.append(progress)


PROGRESS = Progress(shard=1, shards=2, total=10, processed=4, indexed=3, unchanged=0, skipped=0, failed=1, deleted=0, images_per_second=2.5)


def test_counts_and_speed():
    """Speed is that since the last report, so that a stall shows; every sink hears the same."""
    times = iter([0.0, 10.0, 20.0, 20.0])
    ledger, kept = Ledger(total=100), (Kept(), Kept())
    reporter = Reporter(ledger=ledger, shard=Shard(1, 2), sinks=kept, seconds=10, now=lambda: next(times))
    ledger.encoded = 50
    for number in range(3):
        ledger.settle(Entry(uri=f"{number}", outcome=Outcome.INDEXED))
    ledger.settle(Entry(uri="x", outcome=Outcome.FAILED, reason="empty"))
    for _ in range(3):
        reporter.report()
    assert kept[0].reports == kept[1].reports
    assert [each.images_per_second for each in kept[0].reports] == [5.0, 0.0, 0.0]
    first = kept[0].reports[0]
    assert (first.shard, first.shards, first.total, first.processed, first.indexed, first.failed) == (1, 2, 100, 4, 3, 1)


def fetch(server: ProgressServer, path: str, *, method: str = "GET", host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, server.port, timeout=3 * TIMEOUT)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_it_can_be_fetched():
    """The controller reads it from the pod; before the first report there is nothing."""
    with ProgressServer(0) as server:
        assert fetch(server, "/progress")[0] == 404
        server.publish(PROGRESS)
        status, body = fetch(server, "/progress")
        assert (status, json.loads(body)) == (200, PROGRESS.as_json())
        assert [fetch(server, path)[0] for path in ("/", "/progress/../..", "/" + "x" * 10_000)] == [404, 404, 404]
        assert fetch(server, "/progress", method="POST")[0] == 501


def test_metrics_for_prometheus():
    """The same counts in its format, under the declared names; nothing before the first report."""
    prometheus = pytest.importorskip("observability.prometheus", reason="the extra [observability] is not installed")
    meter = prometheus.PrometheusMeter(Program.JOBS, version="1")
    instruments = Instruments(meter)
    with ProgressServer(0, metrics=meter.exposition) as server:
        status, before = fetch(server, "/metrics")
        instruments.publish(PROGRESS)
        body = fetch(server, "/metrics")[1]
    assert (status, b"searchindex_indexing_pictures{" in before) == (200, False)
    assert b'searchindex_indexing_pictures{outcome="indexed",shard="1"} 3.0' in body
    assert b'searchindex_indexing_listed{shard="1"} 10.0' in body
    assert b'searchindex_indexing_pictures_per_second{shard="1"} 2.5' in body


def test_without_a_meter_there_are_no_metrics():
    """Progress is there all the same."""
    with ProgressServer(0) as server:
        server.publish(PROGRESS)
        assert [fetch(server, path)[0] for path in ("/progress", "/metrics")] == [200, 404]


def test_a_spectator_that_says_nothing_is_hung_up_on():
    """One thread serves all: who connects and stalls, or leaves early, does not keep the others out."""
    with ProgressServer(0) as server:
        server.publish(PROGRESS)
        silent = socket.create_connection(("127.0.0.1", server.port))
        hasty = socket.create_connection(("127.0.0.1", server.port))
        hasty.sendall(b"GET /progress HTTP/1.0\r\n\r\n")
        hasty.close()
        assert fetch(server, "/progress")[0] == 200
        silent.close()


def test_both_families_of_addresses():
    """A cluster may be of IPv6 alone."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with ProgressServer(0) as server:
        server.publish(PROGRESS)
        assert fetch(server, "/progress", host="::1")[0] == 200
