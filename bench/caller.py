"""The caller of the overhead benchmark: one kept-alive connection, as a proxy in front of the service has."""

import http.client
import json
import time
from dataclasses import dataclass

MS = 1000.0
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Reply:
    """`wall` and the stages in milliseconds; no stages where the server does not say."""

    wall: float
    stages: dict[str, float]

    @property
    def own(self) -> float:
        """What the service took beside encoding and searching."""
        return self.stages["total"] - self._engines

    @property
    def http(self) -> float:
        """As seen by the caller, beside encoding and searching."""
        return self.wall - self._engines

    @property
    def _engines(self) -> float:
        return self.stages.get("encode", 0.0) + self.stages.get("search", 0.0)


def parse_stages(header: str) -> dict[str, float]:
    """Durations in milliseconds of a Server-Timing header, by name."""
    parts = (part.strip().split(";dur=") for part in header.split(",") if ";dur=" in part)
    return {name: float(duration) for name, duration in parts}


def ask(connection: http.client.HTTPConnection, query: str) -> Reply:
    """RuntimeError on any answer but 200."""
    body = json.dumps({"query": query, "top_k": 10})
    began = time.perf_counter()
    connection.request("POST", "/search", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    wall = MS * (time.perf_counter() - began)
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{response.status}: {content[:200]!r}")
    return Reply(wall, parse_stages(response.getheader("Server-Timing", "")))


def wait_for(connection: http.client.HTTPConnection) -> None:
    """Until the server answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ask(connection, "are you there")
        except (OSError, RuntimeError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.1)
        else:
            return
