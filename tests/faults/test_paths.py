"""F-10: names that lead out of a folder, on every route that serves files."""

import json
from itertools import product

from tests.faults.record import record
from tests.faults.wire import Served

CANARY = b"the-canary-sings"
UPS = ["..", "%2e%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "....", "..;", "%2e.", ".%2e", "..%5c", "\uff0e\uff0e"]
SLASHES = ["/", "%2f", "%252f", "\\", "%5c", "//", "%c0%af"]
TARGETS = ["canary", "keys", "pictures/../canary", "canary%00.png", "canary/.", "CANARY"]
ABSOLUTE = [
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "C:\\Windows\\win.ini",
    "\\\\host\\share",
    "~root/.profile",
]
ODD = [
    "9" * 5000,
    "x" * 15_000,
    "%00",
    "%0d%0aX: y",
    "-1",
    "1e5",
    "0x1",
    "1;2",
    "1?size=64",
    "NaN",
    "\u0661",
    "%31%2f..%2f..",
    "",
    ".",
    "..",
    "*",
]


def payloads() -> list[str]:
    ways = [up * depth if up.endswith(slash) else (up + slash) * depth for up, slash, depth in product(UPS, SLASHES, (1, 2, 6))]
    return (
        [way + target for way in ways for target in TARGETS][::3] + [f"{way}{served}" for way in ABSOLUTE for served in ("", "%00")] + ODD
    )


def raw_get(served: Served, path: str) -> bytes:
    reply = served.ask("GET", path, Authorization=f"Bearer {served.admin}")
    return str(reply.status).encode() + b" " + reply.body


def test_no_path_leads_out(served: Served):
    """A file beside the served folders is never read, neither by its name nor through a link that lies in one of them."""
    (served.folder / "canary").write_bytes(CANARY)
    (served.folder / "CANARY").write_bytes(CANARY)
    tried = payloads()
    bad = []
    for route in ("/images/", "/thumbnails/", "/web/", "/"):
        for payload in tried:
            said = raw_get(served, route + payload.replace(" ", "%20"))
            leaks = CANARY in said or b"root:x:" in said or b"search:" in said
            if leaks or said[:1] == b"5" or (said[:3] == b"200" and route in {"/images/", "/thumbnails/"}):
                bad.append(f"{route}{payload[:60]}: {said[:3].decode()}")
    record("F-10", 4 * len(tried), bad)


def test_no_link_leads_out(served: Served):
    """Pictures that became links after they were indexed: to a file, through a folder, to themselves."""
    (served.folder / "canary").write_bytes(CANARY)
    results = json.loads(served.search(query="links", top_k=4).body)["results"]
    targets = [served.folder / "canary", "../../canary", "0001.png.png", "/etc/passwd"]
    bad = []
    for result, target in zip(results, targets, strict=True):
        path = served.folder / "pictures" / result["metadata"]["file_path"]
        kept = path.read_bytes()
        path.unlink()
        path.symlink_to(target)
        for route in ("images", "thumbnails"):
            said = raw_get(served, f"/{route}/{result['key']}")
            if said[:3] != b"404" or CANARY in said:
                bad.append(f"{route} through {target}: {said[:3].decode()}")
        path.unlink()
        path.write_bytes(kept)
    record("F-10", 2 * len(targets), bad)
