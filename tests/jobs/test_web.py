"""Addresses as a source. F-11: nothing that only this machine can reach is ever connected to.

Canaries listen on loopback; names are resolved by a stub; what is public leads to a server of the test, so that no packet leaves.
"""

import contextlib
import http.server
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.opening import open_sources
from jobs.settings import read_settings
from jobs.sources import Obstacle, Source
from jobs.stop import Stop
from jobs.web import Web
from jobs.web_fetch import Fetch
from jobs.web_rules import RefusedError, Rules, is_public, target_of
from searchindex.errors import InvalidImage, InvalidInput
from tests.faults.record import record

PUBLIC = "8.8.8.8"  # an address that everybody may ask; nobody does here
HIDDEN = (
    *("127.0.0.1", "127.0.0.2", "0.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::", "::127.0.0.1", "::ffff:0:0"),
)
NUMBERS = ("127.1", "127.0.1", "2130706433", "0x7f000001", "017700000001", "0x7f.1", "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]")
SCHEMES = ("gopher", "file", "ftp", "data", "dict", "ldap", "jar", "javascript", "HTTP", "unix", "ws")
WRITTEN = (
    *("https://user@ok.test/", "https://ok.test:22/", "https://ok.test:0/", "https://ok.test:99999/", "https://127.0.0.1@ok.test/x"),
    *("https://ok.test@127.0.0.1/", "https:///x", "https://", "//ok.test/x", "ok.test/x", "https://ok.test\\@127.0.0.1/"),
    *("https://ok.test\t.evil/", "https://ok.test /x", "https://ok。test/", "https://ⓛocalhost/", "https://[::1", "https://evil.test/"),
    *("https://ok.test.evil/", "https://evilok.test/", "https://xok.test/", "https://" + "a" * 3000 + ".ok.test/"),
)


class Canary:
    """Counts who connects, on several addresses of this machine."""

    def __init__(self) -> None:
        self.connects = 0
        self.sockets = [socket.create_server((host, 0)) for host in ("127.0.0.1", "127.0.0.2")]
        for each in self.sockets:
            threading.Thread(target=self._listen, args=(each,), daemon=True).start()

    def _listen(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = server.accept()
                self.connects += 1
                link.close()

    def connect(self, _address: str, _port: int, timeout: float) -> socket.socket:
        """Wherever one wants to go, one comes here."""
        return socket.create_connection(self.sockets[0].getsockname(), timeout)


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    for each in made.sockets:
        each.close()


def numeric(host: str, port: int) -> Sequence[str]:
    """As the system reads numbers; no name is known."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)]


def refused(fetch: Fetch, url: str) -> bool:
    try:
        fetch.read(url)
    except OSError:  # RefusedError among them
        return True
    return False


def test_nothing_hidden_is_connected_to(canary: Canary):
    """By address in every notation, by name, by a name with a public and a hidden address, by scheme, by odd writing, by redirect."""
    anyone, known = Rules(hosts=["*"], http=True), Rules(hosts=["ok.test", "*.ok.test"])
    answered: list[str] = []

    def fetch(rules: Rules, resolve: Callable[[str, int], Sequence[str]]) -> Fetch:
        return Fetch(rules=rules, seconds=2, resolve=resolve, connect=canary.connect)

    cases = [(fetch(anyone, numeric), f"http://{each}/x.jpg") for each in NUMBERS]
    cases += [(fetch(anyone, lambda *_, each=each: [each]), "http://name.test/x.jpg") for each in HIDDEN]
    cases += [(fetch(anyone, lambda *_, each=each: [PUBLIC, each]), "http://name.test/x.jpg") for each in HIDDEN]
    cases += [(fetch(known, numeric), f"{scheme}://ok.test/x.jpg") for scheme in SCHEMES]
    cases += [(fetch(known, lambda *_: [PUBLIC]), url) for url in WRITTEN]
    answered = [url for each, url in cases if not refused(each, url)]
    rebound = [url for url in _redirecting(canary) if url]
    record(
        "F-11", len(cases) + REDIRECTED, [*answered, *rebound, *(["a canary"] * canary.connects)], measured=f"{canary.connects} connects"
    )


LOCATIONS = (
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://metadata.test/",
    "file:///etc/passwd",
    "http://0x7f.1/",
    "http://[::ffff:7f00:1]/",
    "gopher://name.test/",
    "//127.0.0.1/",
    "http://name.test:22/",
    "/again",
)
REDIRECTED = len(LOCATIONS) + 1


def _redirecting(canary: Canary) -> Iterator[str]:
    """Public names that lead on to hidden ones, in words or by resolving anew to another address; what was answered."""
    for location in LOCATIONS:
        with served({"/x.jpg": (302, {"Location": location}, b""), "/again": (302, {"Location": "/again"}, b"")}) as port:
            fetch = Fetch(rules=Rules(hosts=["*"], http=True), seconds=5, resolve=_resolver(), connect=_either(canary, port))
            yield "" if refused(fetch, "http://name.test/x.jpg") else location
    turns = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    with served({"/x.jpg": (302, {"Location": "/y.jpg"}, b"")}) as port:
        fetch = Fetch(rules=Rules(hosts=["*"], http=True), seconds=5, resolve=lambda *_: next(turns), connect=_either(canary, port))
        yield "" if refused(fetch, "http://name.test/x.jpg") else "rebinding"


def _resolver() -> Callable[[str, int], Sequence[str]]:
    names = {"name.test": [PUBLIC], "metadata.test": ["169.254.169.254"]}
    return lambda host, port: names[host] if host in names else numeric(host, port)


def _either(canary: Canary, port: int) -> Callable[[str, int, float], socket.socket]:
    """To the test's server under a public address, else to the canary."""
    return lambda address, _port, timeout: (
        socket.create_connection(("127.0.0.1", port), timeout) if address == PUBLIC else canary.connect(address, _port, timeout)
    )


@contextlib.contextmanager
def served(pages: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[int]:
    """The port of a server with these answers by path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, content = pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def local(port: int, *, seconds: float = 5) -> Fetch:
    """Any name is public and leads to the test's server."""
    return Fetch(
        rules=Rules(hosts=["*"], http=True),
        seconds=seconds,
        resolve=lambda *_: [PUBLIC],
        connect=lambda _address, _port, timeout: socket.create_connection(("127.0.0.1", port), timeout),
    )


def test_what_is_allowed_is_read():
    """With a redirect, the name kept for the server; what is gone, refused, endless or cut is told apart."""
    pages = {
        "/x.jpg": (200, {"Content-Length": "3"}, b"abc"),
        "/moved": (301, {"Location": "/x.jpg"}, b""),
        "/large": (200, {"Content-Length": "99999999999"}, b""),
        "/cut": (200, {"Content-Length": "10"}, b"abc"),
        "/error": (500, {}, b""),
    }
    with served(pages) as port:
        fetch = local(port)
        assert fetch.read("http://name.test/x.jpg") == fetch.read("http://name.test/moved") == b"abc"
        for path, kind in {"/none": FileNotFoundError, "/large": InvalidImage, "/cut": OSError, "/error": OSError}.items():
            with pytest.raises(kind):
                fetch.read(f"http://name.test{path}")


def test_a_server_that_drips_is_left():
    """The time is for all of it, not for each byte."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            link, _ = server.accept()
            with link, contextlib.suppress(OSError):
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not stop.wait(0.05):
                    link.sendall(b"x")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(OSError, match=r"."):
            local(server.getsockname()[1], seconds=0.5).read("http://name.test/x.jpg")
        thread.join(30)
        assert not thread.is_alive(), "its connection is still open"
        stop.set()


def test_a_server_that_cannot_prove_its_name_is_told_nothing():
    """Over https the time limit holds during the handshake, and what is no TLS ends it."""
    with served({}) as port, pytest.raises(OSError, match=r"."):
        local(port).read("https://name.test/x.jpg")
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OSError, match=r"."):
        local(silent.getsockname()[1], seconds=0.5).read("https://name.test/x.jpg")


@pytest.mark.parametrize("address", HIDDEN)
def test_hidden_addresses_are_not_public(address: str):
    """Nor are they in disguise."""
    assert not is_public(address)


def test_public_addresses_are():
    """Of both kinds."""
    assert is_public(PUBLIC)
    assert is_public("2606:4700::1111")


def test_a_list_is_walked(tmp_path: Path):
    """Lines or objects; doubles once; what may not be asked is an obstacle with a reason, and the others are indexed."""
    (tmp_path / "list").write_text('https://a.test/1.jpg\n\n{"url": "https://a.test/2?x=1"}\nhttps://a.test/1.jpg\nhttps://b.test/3.jpg\n')
    found = list(open_sources(read_settings(url_list=str(tmp_path / "list"), url_hosts="a.test"), Stop()).walk())
    assert [each.uri for each in found if isinstance(each, Source)] == ["a.test/1.jpg", "a.test/2?x=1"]
    assert [each.reason for each in found if isinstance(each, Obstacle)] == ["address-refused"]
    (tmp_path / "list").write_text('{"no": 1}')
    with pytest.raises(InvalidInput, match="line 1"):
        list(Web(tmp_path / "list", local(1)).walk())


def test_a_parquet_list_is_walked(tmp_path: Path):
    """Its column `url`, whatever else it has; a file without one is told, as is one that is no such file."""
    path = tmp_path / "list.parquet"
    pq.write_table(pa.table({"width": [1, 2, 3], "url": ["https://a.test/1.jpg", "https://a.test/1.jpg", "https://b.test/3.jpg"]}), path)
    found = list(open_sources(read_settings(url_list=str(path), url_hosts="a.test"), Stop()).walk())
    assert [each.uri for each in found if isinstance(each, Source)] == ["a.test/1.jpg"]
    assert [each.reason for each in found if isinstance(each, Obstacle)] == ["address-refused"]
    pq.write_table(pa.table({"link": ["https://a.test/1.jpg"]}), path)
    with pytest.raises(InvalidInput, match=r'URL_LIST: .*list.parquet has no column "url"'):
        list(Web(path, local(1)).walk())
    path.write_text("https://a.test/1.jpg")
    with pytest.raises(InvalidInput, match="cannot be read as a Parquet file"):
        list(Web(path, local(1)).walk())
    path.unlink()
    with pytest.raises(InvalidInput, match=r"URL_LIST: .* cannot be read"):
        list(Web(path, local(1)).walk())


def test_it_is_off_by_default(tmp_path: Path):
    """A list alone asks nobody: the hosts have to be named."""
    with pytest.raises(InvalidInput, match="URL_HOSTS"):
        read_settings(url_list=str(tmp_path / "list"))


def test_hosts_are_matched_by_whole_names():
    """`*.a.test` is every name below `a.test`, and not `xa.test`."""
    rules = Rules(hosts=["*.a.test", "b.test"])
    assert target_of("https://x.a.test/p?q=1", rules).uri == "x.a.test/p?q=1"
    assert target_of("https://B.TEST./", rules).host == "b.test"
    for url in ("https://xa.test/", "https://a.test/", "https://x.b.test/"):
        with pytest.raises(RefusedError):
            target_of(url, rules)
