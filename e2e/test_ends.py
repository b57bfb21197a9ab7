"""How a process ends, and what the next one finds."""

import http.client
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

from e2e.product import METADATA, PICTURES, SAMPLES, Product

BODY = b'{"query": "a bird", "top_k": 3}'
GROWN = 256 * 1024  # bytes on disk beyond an empty index: some batches are in it


def test_killed_while_serving(fresh: Product, flags: Path):
    """Kill -9 of the serving process: the next one starts, and answers as the first did."""
    fresh.run("index", flags)
    with fresh.serving("images") as server:
        before = server.search("red and white")["results"]
        server.kill()
    with fresh.serving("images") as server:
        assert server.search("red and white")["results"] == before


def test_killed_while_indexing(fresh: Product):
    """Kill -9 in the middle of indexing: the next run does the rest, and nothing is lost or there twice."""
    indexing = ("index", PICTURES, "--metadata", METADATA, "--batch-size", "16", "--json")
    with fresh.start(*indexing) as process:
        _wait_for_growth(fresh.home / "indexes" / "images")
        assert process.poll() is None, "it was done before it could be killed"
        process.kill()
    report = fresh.run(*indexing).answer
    assert 0 < report["encoded"] < SAMPLES
    assert report["encoded"] + report["unchanged"] == SAMPLES
    assert fresh.run(*indexing).answer["unchanged"] == SAMPLES
    with fresh.serving("images") as server:
        assert server.client.get("/stats").json()["collection"]["vectors_count"] == SAMPLES


def _wait_for_growth(folder: Path) -> None:
    """Until batches have been written: the engine's files take more of the disk than those of an empty index."""
    deadline = time.monotonic() + 60
    while not (folder / "index.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.002)
    empty = _on_disk(folder)
    while _on_disk(folder) < empty + GROWN:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _on_disk(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.exists())


def test_interrupted_while_indexing(fresh: Product):
    """Ctrl+C while indexing ends with status 130 and one sentence; the next run goes on from there."""
    with fresh.start("index", PICTURES, "--batch-size", "16") as process:
        _wait_for_growth(fresh.home / "indexes" / "images")
        process.send_signal(2)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (130, False), err
    assert "run it again" in err
    assert 0 < fresh.run("index", PICTURES, "--json").answer["encoded"] < SAMPLES


def test_terminated_with_a_request_in_flight(fresh: Product, flags: Path):
    """SIGTERM while a request is being sent: it is answered in full, new connections are refused, and the exit status is 0."""
    fresh.run("index", flags)
    with fresh.serving("images") as server:
        where = urlsplit(server.address)
        with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
            head = f"POST /search HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + BODY[:10])
            time.sleep(0.3)
            server.terminate()
            time.sleep(0.5)
            connection.sendall(BODY[10:])
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert (response.status, b'"total":3' in response.read()) == (200, True)
        _, err = server.process.communicate(timeout=20)
        assert (server.process.returncode, err) == (0, "")


def test_a_second_process_is_told_who_has_the_index(fresh: Product, flags: Path):
    """While one process serves an index, another that would open it says so, with the first one's number, and status 3."""
    fresh.run("index", flags)
    with fresh.serving("images") as server:
        for command in (("search", "red"), ("index", flags)):
            done = fresh.run(*command)
            assert done.status == 3
            assert f"already open in another process (pid {server.process.pid})" in done.err
            assert "Traceback" not in done.err
        assert server.search("red")["total"] == 10


def test_a_taken_port_is_named(fresh: Product, flags: Path):
    """A second server on the same port says which one is taken and what to do."""
    fresh.run("index", flags)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = fresh.run("serve", "--port", str(port))
    assert (done.status, f"Port {port}" in done.err, "Take another" in done.err) == (3, True, True)
