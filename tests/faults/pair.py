"""Two services on one Qdrant server, and callers who go on with the other one where a connection is closed, as a proxy in front does."""

import contextlib
import http.client
import itertools
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.engines import QdrantServer, free_ports

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
CALLERS = 8
CLOSED = (http.client.RemoteDisconnected, ConnectionError)  # before a byte of an answer came


class Pair:
    """`processes`: one for each port, None while there is none."""

    def __init__(self, server: QdrantServer, collection: str) -> None:
        self._server, self._collection = server, collection
        self.ports = free_ports(2)
        self.processes: list[subprocess.Popen[bytes] | None] = [None, None]

    def start(self, place: int) -> None:
        """And wait until it is ready."""
        asked = (self._server.http_port, self._server.grpc_port, self._collection, self.ports[place])
        command = [sys.executable, "-m", "tests.faults.serve_shared", *map(str, asked)]
        self.processes[place] = subprocess.Popen(command, cwd=ROOT)  # noqa: S603  # our own program
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready(place):
            assert time.monotonic() < deadline, f"process {place} did not become ready"
            time.sleep(0.05)

    def end(self, place: int, number: int) -> int:
        """By the signal; its exit status."""
        process = self.processes[place]
        assert process
        process.send_signal(number)
        self.processes[place] = None
        return process.wait(40)

    def close(self) -> None:
        for process in filter(None, self.processes):
            process.kill()
            process.wait()

    def _is_ready(self, place: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[place], timeout=10)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False


class Caller:
    """Asks one search after another on a connection that is kept. `lost`: requests that were cut off or answered with an error."""

    def __init__(self, ports: Sequence[int], number: int) -> None:
        self._ports = itertools.cycle(ports if number % 2 else reversed(ports))
        self._connection: http.client.HTTPConnection | None = None
        self._number = number
        self.answered = self.reconnected = 0
        self.lost: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        for each in itertools.count():
            if stop.is_set():
                self._forget()
                return
            self._ask(f"caller {self._number} query {each}")

    def _ask(self, query: str) -> None:
        """A connection that is closed without a byte of an answer is no failure: the request goes to the next one."""
        for _ in range(20):
            try:
                status = self._exchange(query)
            except CLOSED:
                self._forget()
                self.reconnected += 1
                time.sleep(0.01)
            except (http.client.HTTPException, OSError) as error:  # in the midst of an answer
                self._forget()
                self.lost[type(error).__name__] += 1
                return
            else:
                self.answered += status == http.HTTPStatus.OK
                self.lost[str(status)] += status != http.HTTPStatus.OK
                return
        self.lost["nobody answers"] += 1

    def _exchange(self, query: str) -> int:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", next(self._ports), timeout=30)
        self._connection.request("POST", "/search", json.dumps({"query": query, "top_k": 3}), {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        answer.read()
        if answer.will_close:
            self._forget()
        return answer.status

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def calling(pair: Pair) -> Iterator[list[Caller]]:
    """Callers in threads, for as long as the block lasts."""
    stop, callers = threading.Event(), [Caller(pair.ports, number) for number in range(CALLERS)]
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in callers]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        stop.set()
        for thread in threads:
            thread.join()
