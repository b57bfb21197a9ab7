"""F-06 and F-17: requests that are framed wrongly, and headers that are made to confuse."""

import http.client
import json
import random
import re

import pytest

from tests.faults.record import record, scaled
from tests.faults.wire import Reply, Served
from tests.pictures import picture

QUERY = b'{"query": "red heart"}'
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'
FORM = PART + picture((9, 200, 9)) + b"\r\n--b--\r\n"
FIELD = b'--b\r\nContent-Disposition: form-data; name="top_k"\r\n\r\n1\r\n'
MULTIPART = "multipart/form-data; boundary=b"


def head(served: Served, *lines: str, path: str = "/search") -> bytes:
    given = ("Host: x", "Connection: close", f"Authorization: Bearer {served.key}", "Content-Type: application/json", *lines)
    return "\r\n".join([f"POST {path} HTTP/1.1", *given, "", ""]).encode()


def refused(reply: Reply) -> bool:
    return 400 <= reply.status < 500 and reply.problem is not None


def test_a_body_without_a_length_is_read(served: Served):
    """Chunks are as good as a length, as long as they are whole."""
    chunked = head(served, "Transfer-Encoding: chunked")
    whole = served.send(chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(QUERY), QUERY))
    bytewise = served.send(chunked + b"".join(b"1\r\n%c\r\n" % byte for byte in QUERY) + b"0\r\n\r\n")
    record("F-06", 2, [reply.status for reply in (whole, bytewise) if reply.status != 200])


FRAMINGS = {
    "no chunk size": (["Transfer-Encoding: chunked"], b"zz\r\nxx\r\n0\r\n\r\n"),
    "a negative chunk": (["Transfer-Encoding: chunked"], b"-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk of 2^64": (["Transfer-Encoding: chunked"], b"ffffffffffffffffffff\r\nhello\r\n"),
    "chunks without end": (["Transfer-Encoding: chunked"], b"5\r\nhello\r\n"),
    "chunks above the limit": (["Transfer-Encoding: chunked"], b"10000\r\n" + b" " * 65_536 + b"\r\n10\r\n" + b" " * 16 + b"\r\n0\r\n\r\n"),
    "a long chunk extension": (["Transfer-Encoding: chunked"], b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"),
    "an unknown coding": (["Transfer-Encoding: gzip"], QUERY),
    "chunked and then gzip": (["Transfer-Encoding: chunked, gzip"], QUERY),
    "both length and chunks": (["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "two lengths": (["Content-Length: 5", "Content-Length: 6"], b"hello!"),
    "a negative length": (["Content-Length: -1"], QUERY),
    "a length in words": (["Content-Length: many"], QUERY),
    "a length with a sign": (["Content-Length: +22"], QUERY),
    "a length of 30 digits": ([f"Content-Length: {'9' * 30}"], QUERY),
    "a length of 19 digits": ([f"Content-Length: {'9' * 19}"], QUERY),
    "a length too long": ([f"Content-Length: {len(QUERY) + 5}"], QUERY),
    "a length too short": ([f"Content-Length: {len(QUERY) - 5}"], QUERY),
    "no length": ([], QUERY),
}


@pytest.mark.parametrize("name", FRAMINGS)
def test_wrong_framing_is_refused(served: Served, name: str):
    """A length that is wrong or missing is an error of the caller's, and the connection is not used any more."""
    lines, body = FRAMINGS[name]
    patient = served.send(head(served, *lines) + body)
    gone = served.send(head(served, *lines) + body, then_end=True)  # who has left need not be answered
    wrong = [reply for reply in (patient, gone) if not refused(reply) and not (reply is gone and reply.status == 0)]
    record("F-06", 2, [f"{name}: {reply.status} {reply.body[:80]!r}" for reply in wrong])


HOSTS = {"none": [], "two": ["Host: x", "Host: x"], "two that differ": ["Host: x", "Host: y"]}


@pytest.mark.parametrize("name", HOSTS)
def test_a_request_names_its_host_once(served: Served, name: str):
    """What stands before the service may have decided by the other one."""
    reply = served.send("\r\n".join(["GET /health HTTP/1.1", "Connection: close", *HOSTS[name], "", ""]).encode())
    assert served.send(b"GET /health HTTP/1.0\r\n\r\n").status == 200
    record("F-06", 1, [] if refused(reply) else [f"{name}: {reply.status}"])


ENDLESS = {
    "a line": b"x",
    "a header": b"GET / HTTP/1.1\r\nX: " + b"y" * 100,
    "headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20,
    "blank lines": b"\r\n",
    "an extension": b"POST /search HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;",
    "trailers": b"POST /search HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_refused_before_it_fills_the_memory(served: Served, name: str):
    """However fast it comes: nothing but a body may be long."""
    more = ENDLESS[name][-6:] if name in {"headers", "blank lines"} else b"y"
    before = served.memory()
    reply = served.send(ENDLESS[name] + more * (20_000_000 // len(more)))
    assert served.memory() < before + 5_000_000
    record("F-06", 1, [] if reply.status in {0, 400, 401, 431} else [f"{name}: {reply.status}"])


def test_trailers_are_no_headers(served: Served):
    """They come when the key has been looked at, and count for nothing."""
    chunked = head(served, "Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n" % (len(QUERY), QUERY)
    reply = served.send(chunked + b"Authorization: Bearer other\r\nX-Request-ID: trailer\r\n\r\n")
    assert (reply.status, reply.headers["x-request-id"] == "trailer") == (200, False)


def test_who_would_rather_speak_http2_is_answered_in_http1(served: Served):
    """As clients of Java and curl ask at first: an upgrade that is not taken up changes nothing, for later requests neither."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    searching = head(served, f"Content-Length: {len(QUERY)}").replace(b"Connection: close\r\n", offer) + QUERY
    with served.connect() as connection:
        for request in (b"GET /health HTTP/1.1\r\nHost: x\r\n" + offer + b"\r\n", searching, searching):
            connection.sendall(request)
            reply = http.client.HTTPResponse(connection)
            reply.begin()
            assert (reply.status, bool(reply.read())) == (200, True)


FORMS = {
    "no boundary": ("multipart/form-data", FORM),
    "an empty boundary": ("multipart/form-data; boundary=", FORM),
    "another boundary": ("multipart/form-data; boundary=other", FORM),
    "a boundary of 10 KB": (f"multipart/form-data; boundary={'b' * 10_000}", FORM),
    "no end": (MULTIPART, FORM[:-9]),
    "nothing": (MULTIPART, b""),
    "only the end": (MULTIPART, b"--b--\r\n"),
    "1,000 parts": (MULTIPART, FIELD * 1000 + FORM),
    "1,000 pictures": (MULTIPART, (PART + b"x\r\n") * 1000 + b"--b--\r\n"),
    "two pictures": (MULTIPART, PART + b"x\r\n" + FORM),
    "no name": (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
    "no disposition": (MULTIPART, b"--b\r\nX: y\r\n\r\nx\r\n--b--\r\n"),
    "a header of 1 MB": (MULTIPART, b"--b\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\nx\r\n--b--\r\n"),
    "10,000 headers": (MULTIPART, b"--b\r\n" + b"X: y\r\n" * 10_000 + b"\r\nx\r\n--b--\r\n"),
    "a field as the picture": (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'),
    "a field of 2 MB": (MULTIPART, FIELD[:-3] + b"1" * 2_000_000 + b"\r\n" + FORM),
    "a form in a form": (
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + FIELD[:-4] + b"\r\n" + FORM,
    ),
    "json": ("application/json", QUERY),
    "a url-encoded form": ("application/x-www-form-urlencoded", b"file=x"),
    "a charset that is none": (f"{MULTIPART}; charset=\xff", b"--b--"),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_are_none_are_refused(served: Served, name: str):
    """Whatever stands in the place of a form, the answer is a problem document."""
    kind, body = FORMS[name]
    reply = served.ask("POST", "/search/image", body, Content_Type=kind)
    record("F-06", 1, [] if refused(reply) else [f"{name}: {reply.status} {reply.body[:100]!r}"])


def test_a_form_cut_anywhere_is_refused(served: Served):
    """Half an upload with a length that says it is whole."""
    whole = FIELD + FORM
    places = random.Random(6).sample(range(1, len(whole) - 6), min(scaled(280), len(whole) - 7))
    replies = [served.ask("POST", "/search/image", whole[:at], Content_Type=MULTIPART) for at in places]
    assert served.ask("POST", "/search/image", whole, Content_Type=MULTIPART).status == 200
    record("F-06", len(replies), [f"{reply.status} {reply.body[:80]!r}" for reply in replies if not refused(reply)])


NAMES = ["X-Request-ID", "traceparent", "tracestate", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Cookie", "X-API-Key", "Host"]
VALUES = [
    b"EVIL" * 16_384, b"EVIL\x00", b"EVIL\rEVIL", b"EVIL\n EVIL", b"EVIL\r\n\tEVIL", b"EVIL\r\nX-Evil: EVIL", b"EVIL\xff\xfe",
    b"EVIL," * 13_000,
    b"00-EVIL-EVIL-01", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-zz", b"ff-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b"EVIL=EVIL," * 600,
    b"127.0.0.1, EVIL", b"for=EVIL;proto=https", b"\x1b[31mEVIL", b"${jndi:ldap://EVIL}", b"%0d%0aX-Evil:%20EVIL", b"EVIL\"'<script>",
    "EVIL\u2028EVIL".encode(), b"EVIL\x0b\x0cEVIL", b" ", b",", b";;;;", b"9" * 5000, b"EVIL" * 40, b"../../EVIL", b"EVIL\x7f",
    b"=EVIL", b"{EVIL}",
    b"%s%n%x EVIL", b"EVIL\\r\\nEVIL", b"-1", b"EVIL " * 100,
]  # fmt: skip
LINES = [b": EVIL", b"EVIL", b"EV IL: x", b"E\xffVIL: x", b" EVIL: x"]


def test_headers_confuse_nobody(served: Served):
    """2xx or 4xx, nothing of it in another header or in the log, and never a second answer."""
    lines = [name.encode() + b": " + value for name in NAMES for value in VALUES] + LINES + [b"X-Any: EVIL\r\n" * 4000]
    bad = []
    for line in lines:
        raw = b"GET /collection HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + served.key.encode() + b"\r\n" + line
        reply = served.send(raw + b"\r\n\r\n")
        named = reply.headers.pop("x-request-id", "0" * 32)
        fields = json.dumps(reply.headers) + ("" if re.fullmatch("[A-Za-z0-9_-]{1,64}", named) else "EVIL")
        split = reply.body.count(b"HTTP/1.1") or "x-evil" in fields.lower() or "EVIL" in fields or b"EVIL" in reply.body
        if not re.fullmatch(r"[24]\d\d", str(reply.status)) or split:
            bad.append(f"{line[:40]!r}: {reply.status}")
    assert "EVIL" not in served.log()
    record("F-17", len(lines), bad)
