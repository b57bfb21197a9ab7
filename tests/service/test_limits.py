"""Rate limits: whom a request counts for, how many are let through, and what happens without Redis."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from searchindex.errors import InvalidInput
from service import limits
from service.auth import Access, Authentication
from service.key_file import ApiKeys, KeyScope, new_key
from service.limits import Limit, MemoryWindow, open_window, parse_limit
from service.middleware_limits import RateLimits, limits_of
from service.middleware_peer import client_of, networks
from tests.engines import redis_server

__all__ = ["redis_server"]  # a fixture

FIVE = Limit("search", 5, 60)
PROXIES = networks("10.0.0.0/8, 192.0.2.7, 2001:db8:1::/48")


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def stub(clock: Clock, *, search: str | None = "5/minute", pictures: str | None = "20/second", trusted=()):
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def any_path() -> str:
        return "ok"

    return RateLimits(app, limits=limits_of(search=search, pictures=pictures), window=MemoryWindow(clock=clock), trusted=trusted)


@asynccontextmanager
async def asking(app, peer: str = "198.51.100.1") -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app, client=(peer, 1234))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_one_too_many(clock: Clock):
    """The sixth of five in a minute is refused, in the one shape; waiting as long as it says is enough, and less is not."""
    async with asking(stub(clock)) as client:
        for _ in range(5):
            assert (await client.post("/search")).status_code == 200
            clock.now += 2.5
        answer = await client.post("/search")
        assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
        assert answer.json()["type"] == "/docs/problems#rate-limited"
        assert answer.headers["retry-after"] == "48"
        clock.now += 47.4
        assert (await client.post("/search")).status_code == 429
        clock.now += 0.1
        assert (await client.post("/search")).status_code == 200
        assert (await client.post("/search")).status_code == 429


async def test_every_limited_answer_says_what_is_left(clock: Clock):
    """The fields are Structured Fields of the draft: the policy, and what remains of it; on a refusal `t` is the `Retry-After`."""
    async with asking(stub(clock)) as client:
        answers = [await client.post("/search") for _ in range(7)]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"search";q=5;w=60'}
    assert [answer.headers["ratelimit"] for answer in answers] == [f'"search";r={left};t=60' for left in (4, 3, 2, 1, 0, 0, 0)]
    assert answers[-1].headers["retry-after"] == "60"
    assert "retry-after" not in answers[0].headers


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/livez", "/readyz", "/health"])
async def test_the_page_and_the_probes_are_never_limited(clock: Clock, path: str):
    """A busy caller neither makes a replica look dead nor loses the page."""
    async with asking(stub(clock, search="1/hour", pictures="1/hour")) as client:
        answers = [await client.get(path) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert not any("ratelimit" in answer.headers for answer in answers)


async def test_pictures_have_a_limit_of_their_own(clock: Clock):
    """A page of thumbnails does not use up the searches."""
    async with asking(stub(clock)) as client:
        assert [(await client.get("/thumbnails/1")).status_code for _ in range(21)] == [200] * 20 + [429]
        assert (await client.get("/facets")).headers["ratelimit"] == '"search";r=4;t=60'
        assert (await client.get("/stats")).headers["ratelimit"] == '"search";r=3;t=60'


async def test_no_limit_is_set_by_default(clock: Clock):
    """Without settings nothing is counted."""
    async with asking(stub(clock, search=None, pictures=None)) as client:
        answers = [await client.post("/search") for _ in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_each_key_and_each_address_count_alone(clock: Clock, tmp_path: Path):
    """The key's name counts where there is one, from whatever address; no address can be taken for a key's name."""
    (key, line), (other, other_line) = (new_key(name, [KeyScope.SEARCH]) for name in ("198.51.100.1", "other"))
    (tmp_path / "keys").write_text(f"{line}\n{other_line}")
    limited = stub(clock)
    app = Authentication(limited, keys=ApiKeys(tmp_path / "keys"))
    for peer, sent, left in (("198.51.100.1", key, 4), ("203.0.113.9", key, 3), ("203.0.113.9", other, 4)):
        async with asking(app, peer) as client:
            answer = await client.post("/search", headers={"X-API-Key": sent})
            assert answer.headers["ratelimit"] == f'"search";r={left};t=60'
    for peer, left in (("198.51.100.1", 4), ("198.51.100.2", 4), ("198.51.100.1", 3)):
        async with asking(limited, peer) as client:
            assert (await client.post("/search")).headers["ratelimit"] == f'"search";r={left};t=60'


async def test_a_header_made_up_by_the_caller_changes_nothing(clock: Clock):
    """Whoever is not behind a trusted proxy is counted by the address of the connection."""
    async with asking(stub(clock, trusted=PROXIES)) as client:
        statuses = [(await client.post("/search", headers={"X-Forwarded-For": f"203.0.113.{n}"})).status_code for n in range(9)]
    assert statuses == [200] * 5 + [429] * 4


def scope_of(peer: str | None, *forwarded: bytes):
    return {"client": (peer, 1) if peer else None, "headers": [(b"x-forwarded-for", value) for value in forwarded]}


ADDRESSES = st.ip_addresses().map(str)
TRUSTED = st.one_of(st.ip_addresses(network="10.0.0.0/8"), st.ip_addresses(network="2001:db8:1::/48"), st.just("192.0.2.7")).map(str)
OUTSIDE = ADDRESSES.filter(lambda text: _plain(text) and not any(ipaddress.ip_address(text) in network for network in PROXIES))
LIES = st.lists(ADDRESSES | TRUSTED | st.sampled_from(["", "unknown", "_x", "-", "1.2.3.4:5", "[::1]:2", '"', "127.0.0.1"]), max_size=6)


def _plain(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return address.version == 4 or address.ipv4_mapped is None


@settings(max_examples=1000, deadline=None)
@given(client=OUTSIDE, lies=LIES, proxies=st.lists(TRUSTED, min_size=1, max_size=4), separator=st.sampled_from([",", ", ", " ,\t"]))
def test_a_caller_behind_proxies_cannot_be_someone_else(client: str, lies: list[str], proxies: list[str], separator: str):
    """Of 1,000 chains that begin with whatever the caller made up, each yields the caller that the first proxy saw."""
    chain = [*lies, client, *proxies[:-1]]
    one_header = scope_of(proxies[-1], separator.join(chain).encode())
    many_headers = scope_of(proxies[-1], *(hop.encode() for hop in chain))
    expected = client if ":" not in client else str(ipaddress.ip_network(f"{client}/64", strict=False))
    assert client_of(one_header, trusted=PROXIES) == client_of(many_headers, trusted=PROXIES) == expected


@settings(deadline=None)
@given(peer=OUTSIDE, header=st.binary(max_size=300))
def test_no_bytes_of_a_stranger_matter(peer: str, header: bytes):
    """The header is not even read where the peer is no proxy, and nothing in it breaks where it is one."""
    assert client_of(scope_of(peer, header), trusted=PROXIES) == client_of(scope_of(peer), trusted=PROXIES)
    client_of(scope_of("10.0.0.1", header), trusted=PROXIES)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", b"198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", b"[2001:db8:9::1]:80", "2001:db8:9::/64"),
        ("2001:db8:9::1", b"", "2001:db8:9::/64"),
        ("2001:db8:9::2%eth0", b"", "2001:db8:9::/64"),
        ("::ffff:10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1", b"198.51.100.1, 10.0.0.2, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.1", b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", b"," * 65_536, "10.0.0.1"),
        (None, b"198.51.100.1", "unknown"),
        ("testclient", b"198.51.100.1", "unknown"),
    ],
)
def test_who_is_asking(peer, forwarded: bytes, client: str):
    """Ports and zones are no part of who; of IPv6 counts the network that a subscriber holds; what is no address ends the chain."""
    assert client_of(scope_of(peer, forwarded), trusted=PROXIES) == client


@given(steps=st.lists(st.tuples(st.floats(0, 40), st.sampled_from("ab")), max_size=60), amount=st.integers(1, 6))
def test_no_window_ever_holds_more_than_allowed(steps: list[tuple[float, str]], amount: int):
    """In any minute, wherever it begins, a caller has at most as many requests as promised, and is refused only when there are so many."""
    clock, limit, let = Clock(), Limit("x", amount, 60), {"a": [], "b": []}
    window = MemoryWindow(clock=clock)

    async def run() -> None:
        for wait, caller in steps:
            clock.now += wait
            recent = [at for at in let[caller] if at > clock.now - 60]
            verdict = await window.hit(limit, caller)
            assert verdict.allowed == (len(recent) < amount)
            if verdict.allowed:
                let[caller].append(clock.now)
            assert verdict.remaining == amount - len(recent) - verdict.allowed
            assert verdict.reset == pytest.approx((recent or [clock.now])[0] + 60 - clock.now)

    asyncio.run(run())


async def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    """Of more callers than are counted, those that asked the longest ago are forgotten, and a busy one is not."""
    monkeypatch.setattr(limits, "MOST_CALLERS", 100)
    window = MemoryWindow(clock=clock)
    for n in range(1000):
        await window.hit(FIVE, str(n))
        busy = await window.hit(FIVE, "busy")
    assert len(window._times) == 100
    assert not busy.allowed
    assert [(await window.hit(FIVE, caller)).remaining for caller in ("999", "0")] == [3, 4]


@pytest.mark.parametrize(
    "text", ["", "0/minute", "5", "5/day", "-1/second", "5 /minute", "9999999/hour", "5/minute\n", "٥/minute", "x" * 9999]
)
def test_what_is_no_limit(text: str):
    """A limit that cannot be read stops the start, and is not quoted at length."""
    with pytest.raises(InvalidInput) as caught:
        parse_limit(text, name="search")
    assert len(str(caught.value)) < 200


def test_settings_of_limits():
    """Numbers per second, minute and hour; networks or single addresses."""
    assert limits_of(search="7/hour", pictures=None) == {Access.SEARCH: Limit("search", 7, 3600), Access.ADMIN: Limit("search", 7, 3600)}
    assert networks("") == ()
    for wrong in ("10.0.0.1/8", "example.org", "*"):
        with pytest.raises(InvalidInput):
            networks(wrong)
    for wrong in ("http://u:secret@host", "nonsense", "redis://host:port"):
        with pytest.raises(InvalidInput) as caught:
            open_window(wrong)
        assert "secret" not in str(caught.value)
