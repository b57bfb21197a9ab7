"""Save what an index has in Qdrant to a folder, and bring it back, byte for byte: vectors, payloads, settings, graph, alias.

    python3 snapshot.py save    http://127.0.0.1:6333 photos backup/photos
    python3 snapshot.py restore http://127.0.0.1:6333 backup/photos

Needs Python alone. QDRANT_API_KEY is sent where it is set. For a Qdrant of one member: of several, each makes snapshots of its own
shards only.
"""

import hashlib
import http.client
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

CHUNK = 1 << 20
SECONDS = 3600
RECORD = "index.json"


class Qdrant:
    """One server, by its HTTP interface."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._headers = {"api-key": os.environ["QDRANT_API_KEY"]} if os.environ.get("QDRANT_API_KEY") else {}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The member `result` of the answer."""
        sent = None if body is None else json.dumps(body).encode()
        return json.loads(self.send(method, path, sent, {"Content-Type": "application/json"}).read())["result"]

    def send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> http.client.HTTPResponse:
        """SystemExit with what the server says, where it does not do what it was asked for."""
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=SECONDS)
        connection.request(method, path, body, {**self._headers, **headers})
        answer = connection.getresponse()
        if answer.status >= http.client.BAD_REQUEST:
            sys.exit(f"{method} {path}: {answer.status} {answer.read(500).decode(errors='replace')}")
        return answer


def save(url: str, alias: str, folder: Path) -> None:
    """Searches go on meanwhile. The snapshot is removed from the server once it is here, whole."""
    server = Qdrant(url)
    collection = next((each["collection_name"] for each in server.ask("GET", "/aliases")["aliases"] if each["alias_name"] == alias), alias)
    at = f"/collections/{quote(collection)}"
    made = server.ask("POST", f"{at}/snapshots?wait=true")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / made["name"]
    with file.open("wb") as out:
        answer = server.send("GET", f"{at}/snapshots/{quote(made['name'])}", None, {})
        while chunk := answer.read(CHUNK):
            out.write(chunk)
    if digest(file) != made["checksum"]:
        sys.exit(f"{file} did not arrive whole; the snapshot {made['name']} is still on the server: try again.")
    points = server.ask("POST", f"{at}/points/count", {"exact": True})["count"]
    record = {"alias": alias, "collection": collection, "snapshot": made["name"], "sha256": made["checksum"], "points": points}
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    server.ask("DELETE", f"{at}/snapshots/{quote(made['name'])}?wait=true")
    print(f"saved {points} points of {collection}, {file.stat().st_size / 2**20:.1f} MiB")


def restore(url: str, folder: Path) -> None:
    """Never over a collection that is there: drop that first, if you mean it."""
    server, record = Qdrant(url), json.loads((folder / RECORD).read_text("utf-8"))
    file, collection = folder / record["snapshot"], record["collection"]
    if digest(file) != record["sha256"]:
        sys.exit(f"{file} is damaged: its SHA-256 is not that of {RECORD}.")
    if collection in (each["name"] for each in server.ask("GET", "/collections")["collections"]):
        sys.exit(f"There is a collection {collection} already. To replace it, remove it first.")
    at = f"/collections/{quote(collection)}"
    length, head, parts = multipart(file)
    server.send("POST", f"{at}/snapshots/upload?wait=true&priority=snapshot", parts, {"Content-Type": head, "Content-Length": str(length)})
    points = server.ask("POST", f"{at}/points/count", {"exact": True})["count"]
    if points < record["points"]:
        sys.exit(f"{collection} has {points} points, and had {record['points']}.")
    if record["alias"] != collection:
        moved = {"create_alias": {"collection_name": collection, "alias_name": record["alias"]}}
        server.ask("POST", "/collections/aliases", {"actions": [moved]})
    print(f"restored {points} points to {collection}, searched as {record['alias']}")


def digest(file: Path) -> str:
    """SHA-256, in hex."""
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def multipart(file: Path) -> tuple[int, str, Iterator[bytes]]:
    """Length, content type and parts of a form with that file."""
    mark = "searchindex-snapshot"
    before = f'--{mark}\r\nContent-Disposition: form-data; name="snapshot"; filename="{file.name}"\r\n\r\n'.encode()
    after = f"\r\n--{mark}--\r\n".encode()

    def parts() -> Iterator[bytes]:
        yield before
        with file.open("rb") as read:
            while chunk := read.read(CHUNK):
                yield chunk
        yield after

    return len(before) + file.stat().st_size + len(after), f"multipart/form-data; boundary={mark}", parts()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["save", url, alias, folder]:
            save(url, alias, Path(folder))
        case ["restore", url, folder]:
            restore(url, Path(folder))
        case _:
            sys.exit(__doc__)
