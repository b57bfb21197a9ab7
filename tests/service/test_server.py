"""The HTTP server around the application."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from searchindex.errors import StoreUnavailable
from service.server import listen


def test_small_answers_do_not_wait_for_an_acknowledgement():
    """Asyncio switches Nagle's algorithm off only for sockets that name TCP: without it each answer takes 40 ms longer."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_taken_port_is_named_with_another():
    """Whoever starts a second service learns which port to take."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable, match=str(port)) as caught:
            listen("127.0.0.1", port)
    assert str(port + 1) in caught.value.hint


SERVE = """
from service.server import listen, run
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        return await send({"type": "http.response.body"})
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
            print("up", flush=True)
        if message["type"] == "lifespan.shutdown":
            print("down", flush=True)
            return await send({"type": "lifespan.shutdown.complete"})
listener = listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
run(app, listener)
"""
RESTED = 6  # seconds; after five, uvicorn closes unless it is told otherwise


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_in_order(number: signal.Signals):
    """The application is shut down, and the exit status is 0: nothing went wrong."""
    child = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own program
    assert child.stdout
    child.stdout.readline()
    assert child.stdout.readline() == "up\n"
    os.kill(child.pid, number)
    out, _ = child.communicate(timeout=30)
    assert (child.returncode, out) == (0, "down\n")


def connected(connection: http.client.HTTPConnection) -> socket.socket:
    """Once it listens."""
    end = time.monotonic() + 30
    while True:
        try:
            connection.connect()
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return connection.sock


def test_a_connection_that_rests_is_not_closed_before_a_proxy_closes_it():
    """A proxy keeps connections for a minute and more; one closed under its next search would be a failed search."""
    child = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own program
    assert child.stdout
    port = int(child.stdout.readline())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        first = connected(connection)
        for rest in (0, RESTED):
            time.sleep(rest)
            connection.request("POST", "/search")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (http.HTTPStatus.NO_CONTENT, b"")
            assert connection.sock is first
    finally:
        connection.close()
        child.terminate()
        child.communicate(timeout=30)


def test_a_wrong_setting_stops_the_service_with_its_name():
    """`python -m service` says which variable is wrong, and exits with 3."""
    done = subprocess.run(
        [sys.executable, "-m", "service"], env={**os.environ, "API_PORT": "many"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "API_PORT" in done.stderr) == (3, True)
