"""Searches a collection again and again, beside what a test does meanwhile."""

import threading
import urllib.error
from dataclasses import dataclass, field
from typing import Self

from e2e.kubernetes.qdrant import Qdrant

QUERY = {"query": [1.0, 0.0, 0.0, 0.0], "limit": 5}


@dataclass(slots=True)
class Searcher:
    """A context. Each search is a new connection: through a Service each may meet another pod. `lost`: not answered at the second try."""

    qdrant: Qdrant
    collection: str
    answered: int = 0
    again: int = 0
    lost: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._search_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _search_on(self) -> None:
        while not self._ended.wait(0.05):
            if self._search():
                continue
            self.again += 1
            if not self._search():
                self.lost.append("twice")

    def _search(self) -> bool:
        try:
            found = self.qdrant.ask("POST", f"/collections/{self.collection}/points/query", QUERY)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False
        self.answered += len(found["points"]) == QUERY["limit"]
        return len(found["points"]) == QUERY["limit"]
