"""F-05: callers that send slowly, stop, do not read, or leave. None of them holds a place for long."""

import json
import time
from contextlib import ExitStack

from service.http_protocol import PATIENCE, UNREAD
from tests.faults.record import record, scaled
from tests.faults.wire import Served, read
from tests.pictures import picture

BODY = b'{"query": "red heart"}'


def head(served: Served, *, path: str = "/search", length: int = len(BODY)) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\nContent-Length: {length}\r\n".encode()


def trickled(served: Served, whole: bytes, *, count: int, at_first: int) -> tuple[list[int], int]:
    """`whole` sent on `count` connections, `at_first` bytes at once and the rest one by one. Statuses; searches answered meanwhile."""
    with ExitStack() as stack:
        connections = [stack.enter_context(served.connect()) for _ in range(count)]
        for each in connections:
            each.sendall(whole[:at_first])
        answered = 0
        for at in range(at_first, at_first + 12):
            for each in connections:
                try:
                    each.sendall(whole[at : at + 1])
                except OSError:  # closed already, which is the point
                    continue
            answered += served.search(query=f"query {at}").status == 200
            time.sleep(0.2)
        return [read(each).status for each in connections], answered


def test_patience_is_short_enough():
    """What the product itself waits; the server under test waits less."""
    assert PATIENCE <= 10
    assert UNREAD <= 60


def test_requests_that_come_byte_by_byte_are_ended(served: Served):
    """Neither slow headers nor a slow body hold a connection, and others are answered meanwhile."""
    count = scaled(60)
    slow_head = b"POST /search HTTP/1.1\r\nX-Slow: " + b"x" * 100
    slow_body = head(served) + b"\r\n" + BODY
    upload = head(served, path="/search/image", length=10_000_000) + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + b"-" * 100
    before = served.descriptors()
    wrong, answered = [], 0
    for whole, at_first in ((slow_head, 20), (slow_body, len(slow_body) - 20), (upload, len(upload) - 50)):
        statuses, served_meanwhile = trickled(served, whole, count=count, at_first=at_first)
        wrong += [status for status in statuses if status not in {0, 408}]
        answered += served_meanwhile
    assert answered == 36
    assert served.descriptors() <= before + 3
    record("F-05", 3 * count, wrong)


def test_connections_that_say_nothing_are_ended(served: Served):
    """Connecting costs a stranger nothing, so it must not cost us either."""
    count = scaled(100)
    with ExitStack() as stack:
        silent = [stack.enter_context(served.connect()) for _ in range(count)]
        wrong = [each for each in silent if read(each).status not in {0, 408}]
    record("F-05", count, wrong)


def test_a_refused_upload_that_goes_on_is_ended(served: Served):
    """An answer that came before the end of the body does not keep the connection open for the rest of it."""
    with served.connect() as connection:
        connection.sendall(b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        began = time.monotonic()
        try:
            while time.monotonic() < began + 20:
                connection.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            ended = True
        else:
            ended = False
    record("F-05", 1, int(not ended))


def test_callers_who_leave_take_nothing_with_them(served: Served):
    """Half a request and gone, or a whole one and gone before the answer: no file stays open and nothing is logged as an error."""
    count, before = scaled(60), served.descriptors()
    upload = picture((1, 2, 3))
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + upload + b"\r\n--b--\r\n"
    image = head(served, path="/search/image", length=len(form)) + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + form
    text = head(served) + b"\r\n" + BODY
    logged = len(served.log())
    for number in range(count):
        for whole in (text, image):
            with served.connect() as connection:
                connection.sendall(whole[: len(whole) - number % 7])
    deadline = time.monotonic() + 20
    while served.descriptors() > before + 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.descriptors() <= before + 3
    assert served.search(query="x").status == 200
    assert served.log()[logged:] == ""
    record("F-05", 2 * count)


def test_an_answer_that_nobody_reads_is_dropped(served: Served):
    """Asking for a large picture and not reading it holds neither connection nor memory."""
    key, path = next_picture(served)
    (served.folder / "pictures" / path).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20_000_000))
    with served.connect() as connection:
        connection.sendall(f"GET /images/{key} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\n\r\n".encode())
        time.sleep(4)
        got = 0
        try:
            while chunk := connection.recv(1 << 20):
                got += len(chunk)
        except ConnectionError:
            pass
    record("F-05", 1, int(got > 15_000_000))


def next_picture(served: Served) -> tuple[str, str]:
    """A key and its path."""
    (result,) = json.loads(served.search(query="the picture that is made large", top_k=1).body)["results"]
    return result["key"], result["metadata"]["file_path"]
