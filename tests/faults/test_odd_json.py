"""F-03 and F-04: JSON that is none, that different programs would read differently, or that is made to cost much."""

import http.client
import json
import random
import time

from tests.faults.record import record, scaled
from tests.faults.wire import WAIT, Served

MEGABYTE = 1 << 20
LONG_ECHO = 201  # bytes of the caller's own text in a row

ODD_VALUES = [
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"-0", b"-0.0", b"1" * 5000, b"0." + b"1" * 5000, b"1e-9999", b"01", b"+1",
    b".5", b"1.", b"0x10", b"True", b"None", b"undefined", b"'x'", b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\x00"',
    b'"\xff\xfe"',
    b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\\x41"', b'"\n"', b'"\\', b"[]", b"[[[[]]]]", b"{}", b'{"a": {"a": {"a": {"a": {"a": 1}}}}}',
    b"null", b"9223372036854775808", b"-9223372036854775809", b"1.7976931348623157e309", b'"' + b"y" * 60_000 + b'"', b"[1,]", b'{"a":1,}',
    b"/* x */ 1", b"// x", b'"\xe2\x80\xae"', b'"\\u202e"', b"18446744073709551616",
]  # fmt: skip
WHOLE = [
    b"", b" ", b"\x00", b"\xef\xbb\xbf{}", b'\xef\xbb\xbf{"query": "x"}', '{"query": "x"}'.encode("utf-16"),
    '{"query": "x"}'.encode("utf-32"),
    b'{"query": "x", "query": "y"}', b'{"query": "x", "top_k": 1, "top_k": 2}', b'{"query": "x"}{"query": "y"}', b'{"query": "x"} x',
    b'{"query": "x", "filters": {"category": "a", "category": "b"}}', b'["query"]', b'"query"', b"3", b"{", b'{"query"', b'{"query": "x"',
]  # fmt: skip
MEMBERS = [b"query", b"top_k", b"offset", b"score_threshold", b"filters", b"include_explanation", b"__proto__", b"", b"\\u0071uery"]


def fault(reply_status: int, content_type: str, body: bytes, sent: bytes) -> str | None:
    """What is wrong with an answer, if anything."""
    if reply_status == http.client.OK:
        return None
    if reply_status not in {413, 422} or content_type != "application/problem+json":
        return f"{reply_status} {content_type} for {sent[:60]!r}"
    if len(body) > 1500 or any(sent[at : at + LONG_ECHO] in body for at in range(0, min(len(sent), 2000) - LONG_ECHO, 50)):
        return f"echo of {sent[:60]!r}"
    return None


def told(served: Served, bodies: list[bytes]) -> list[str]:
    """The faults of answers to `bodies`, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=WAIT)
    headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "application/json"}
    found = []
    for body in bodies:
        connection.request("POST", "/search", body, headers)
        reply = connection.getresponse()
        found.append(fault(reply.status, reply.headers.get("content-type", ""), reply.read(), body))
    connection.close()
    return [each for each in found if each]


def member(name: bytes, value: bytes) -> bytes:
    rest = b"" if name == b"query" else b'"query": "x", '
    return b"{" + rest + b'"' + name + b'": ' + value + b"}"


def test_odd_json_is_refused_or_read(served: Served):
    """Neither a 500 nor a long echo, wherever an odd value stands."""
    fixed = WHOLE + [member(b"query", value) for value in ODD_VALUES]
    assert len(fixed) >= 60
    record("F-03", len(fixed), told(served, fixed))


def test_generated_json_is_refused_or_read(served: Served):
    """Odd values in any member, put together and spoiled at random; the seed is fixed, so that a failure comes again."""
    chance = random.Random(3)
    bodies = []
    for _ in range(scaled(2000)):
        pairs = [b'"' + chance.choice(MEMBERS) + b'": ' + chance.choice(ODD_VALUES) for _ in range(chance.randint(0, 3))]
        body = b"{" + b", ".join([b'"query": "x"', *pairs][chance.randint(0, 1) :]) + b"}"
        if chance.random() < 0.3:
            at = chance.randrange(len(body))
            body = body[:at] + bytes([chance.randrange(256)]) + body[at + chance.randint(0, 2) :]
        bodies.append(body)
    record("F-03", len(bodies), told(served, bodies))


def conditions(count: int) -> bytes:
    return json.dumps({"query": "x", "filters": {"or": [{"category": f"c{n}"} for n in range(count)]}}).encode()


def any_of(count: int) -> bytes:
    return json.dumps({"query": "x", "filters": {"category": {"in": [str(n) for n in range(count)]}}}).encode()


COSTLY = {
    "nesting of 100,000": (b'{"query": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 413),
    "nesting of 30,000": (b'{"query": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", 422),
    "objects of 10,000 levels": (b'{"query": "x", "filters": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, 422),
    "a text of 10 MB": (b'{"query": "' + b"y" * 10 * MEGABYTE + b'"}', 413),
    "100,000 conditions": (conditions(100_000), 413),
    "2,000 conditions": (conditions(2000), 422),
    "a million values": (any_of(1_000_000), 413),
    "5,000 values": (any_of(5000), 422),
    "a number of 60,000 digits": (b'{"query": "x", "top_k": ' + b"1" * 60_000 + b"}", 422),
    "3,000 members": (json.dumps({"query": "x"} | {f"m{n}": n for n in range(3000)}).encode(), 422),
}


def test_costly_json_is_refused_cheaply(served: Served):
    """A body that is made to cost much costs next to nothing; how long it took is shown, not judged."""
    bad, slowest, grown = [], (0.0, ""), 0
    for name, (body, status) in COSTLY.items():
        before = served.forget_peak()
        for _ in range(20):
            began = time.perf_counter()
            reply = served.ask("POST", "/search", body, Content_Type="application/json")
            slowest = max(slowest, (time.perf_counter() - began, name))
            if (reply.status, reply.problem is None) != (status, False):
                bad.append(f"{name}: {reply.status} in place of {status}")
        grown = max(grown, served.peak() - before)
    assert grown < 20 * MEGABYTE
    record("F-04", 20 * len(COSTLY), bad, measured=f"{1000 * slowest[0]:.0f} ms for {slowest[1]}, memory +{grown / MEGABYTE:.1f} MB")
