"""A bucket on loopback: ListObjectsV2 and GetObject, path style, signatures checked. A fake behind HTTP, for what no test machine has.

Source: Amazon S3 API reference, "ListObjectsV2", "GetObject" and "Signature Version 4".
"""

import hashlib
import hmac
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY, SECRET, BUCKET = "the-key", "the-secret", "pictures"
BEGINNING = datetime(2026, 1, 2, tzinfo=UTC)
PAGE = 100  # keys in one answer: small, so that there are several


@dataclass(slots=True)
class S3Server:
    """`objects`: content and time by key, to be changed at will. `asked`: keys that were read.

    `refused`: keys that may not be read; `vanished`: keys that are listed and no longer there; `lasts`: how often an object is read
    until nothing is answered any more.
    """

    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    vanished: set[str] = field(default_factory=set)
    lasts: int = sys.maxsize
    endpoint: str = ""

    def put(self, key: str, content: bytes, *, at: datetime = BEGINNING) -> None:
        self.objects[key] = (content, at)

    def credentials(self) -> dict[str, str]:
        """As of a Secret."""
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "NO_PROXY": "127.0.0.1"}

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        """Status, body, headers."""
        bucket, _, key = path.lstrip("/").partition("/")
        if len(self.asked) >= self.lasts:
            return 503, b"<Error><Code>SlowDown</Code><Token>quoted-token</Token></Error>", {}
        if bucket != BUCKET:
            return 404, b"<Error><Code>NoSuchBucket</Code></Error>", {}
        if not key:
            return 200, self._listed(query).encode(), {"Content-Type": "application/xml"}
        self.asked.append(key)
        if key in self.refused:
            return 403, b"<Error><Code>AccessDenied</Code></Error>", {}
        if key not in self.objects or key in self.vanished:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>", {}
        content, at = self.objects[key]
        return 200, content, {"ETag": f'"{_etag(content)}"', "Last-Modified": at.strftime("%a, %d %b %Y %H:%M:%S GMT")}

    def _listed(self, query: dict[str, str]) -> str:
        after = query.get("continuation-token", "")
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")) and key > after)
        entries = "".join(self._entry(key) for key in keys[:PAGE])
        more = len(keys) > PAGE
        token = f"<NextContinuationToken>{escape(keys[PAGE - 1])}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}</ListBucketResult>"

    def _entry(self, key: str) -> str:
        content, at = self.objects[key]
        facts = (
            f"<LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified><ETag>&quot;{_etag(content)}&quot;</ETag><Size>{len(content)}</Size>"
        )
        return f"<Contents><Key>{escape(key)}</Key>{facts}</Contents>"


def _etag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Listening until the end of the block."""
    made = S3Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            signed = _is_signed(self, parts.path, parts.query)
            status, body, headers = made.answer(unquote(parts.path), query) if signed else _refusal()
            if status == HTTPStatus.OK and (wanted := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))):
                first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
                headers = {**headers, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
                status, body = HTTPStatus.PARTIAL_CONTENT, body[first : last + 1]
            self.send_response(status)
            for name, value in ({"Last-Modified": "Fri, 02 Jan 2026 00:00:00 GMT"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _refusal() -> tuple[int, bytes, dict[str, str]]:
    """It quotes what it was given, as the real one does."""
    return HTTPStatus.FORBIDDEN, b"<Error><Code>SignatureDoesNotMatch</Code><Token>quoted-token</Token></Error>", {}


def _is_signed(request: Any, path: str, query: str) -> bool:
    """Signature Version 4 over what was asked."""
    fields = dict(part.strip().split("=", 1) for part in request.headers.get("Authorization", "x x=").partition(" ")[2].split(","))
    names = fields.get("SignedHeaders", "").split(";")
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    asked = "&".join(sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part))
    canonical = "\n".join([request.command, path, asked, headers, ";".join(names), request.headers.get("x-amz-content-sha256", "")])
    _, *scope = fields.get("Credential", f"{KEY}/").split("/")
    signing = f"AWS4{SECRET}".encode()
    for part in scope:
        signing = hmac.digest(signing, part.encode(), "sha256")
    stamp = request.headers.get("x-amz-date", "")
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    expected = hmac.digest(signing, text.encode(), "sha256").hex()
    return fields.get("Credential", "").startswith(f"{KEY}/") and hmac.compare_digest(expected, fields.get("Signature", ""))
