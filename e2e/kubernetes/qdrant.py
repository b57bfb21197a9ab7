"""Qdrant's own REST API, to look behind the controller's back and to act there."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Qdrant:
    """By its address in the cluster. `key`: where one is asked for. `timeout`: seconds for each answer."""

    host: str
    port: int = 6333
    key: str = ""
    timeout: float = 10

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """`result` of the answer; None where it is a 404."""
        request = urllib.request.Request(  # the address is the cluster's
            f"http://{self.host}:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | ({"api-key": self.key} if self.key else {}),
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def collections(self) -> list[str]:
        return [each["name"] for each in self.ask("GET", "/collections")["collections"]]

    def aliases(self) -> dict[str, str]:
        return {each["alias_name"]: each["collection_name"] for each in self.ask("GET", "/aliases")["aliases"]}

    def collection(self, name: str) -> Any:
        return self.ask("GET", f"/collections/{name}")

    def count(self, name: str) -> int:
        return int(self.ask("POST", f"/collections/{name}/points/count", {"exact": True})["count"])
