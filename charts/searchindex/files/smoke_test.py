"""What `helm test` runs in a pod of the service's own image: ready, a search, the same from the cache, metrics. Says what it saw."""

import json
import os
import sys
import time
import urllib.error
import urllib.request

ADDRESS = os.environ["ADDRESS"]
KEY = os.environ.get("API_KEY", "").strip()
QUERY = os.environ.get("QUERY", "a red heart")
PATIENCE = float(os.environ.get("PATIENCE_SECONDS", "60"))


def ask(path: str, body: dict[str, object] | None = None) -> tuple[int, str]:
    """Status and text of an answer; the text is the reason where there is none."""
    headers = {"Content-Type": "application/json"} | ({"X-API-Key": KEY} if KEY else {})
    request = urllib.request.Request(ADDRESS + path, data=json.dumps(body).encode() if body else None, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def until_ready() -> tuple[int, str]:
    end = time.monotonic() + PATIENCE
    while (found := ask("/readyz"))[0] != 200 and time.monotonic() < end:
        time.sleep(1)
    return found


def step(name: str, found: tuple[int, str]) -> str:
    """Its text where it went well; else the end."""
    status, text = found
    if status != 200:
        sys.exit(f"{name}: {status or 'no answer'}: {text.strip()[:500]}")
    print(f"{name}: ok", flush=True)
    return text


def main() -> None:
    """0 where all of it is as it should be; else 1, after the reason."""
    step("ready", until_ready())
    search = {"query": QUERY, "top_k": 3}
    first = json.loads(step("search", ask("/search", search)))
    if not first["results"]:
        sys.exit("search: the index is empty")
    # Without a Redis each pod has a cache of its own: a few more searches meet the same pod again.
    if not any(json.loads(step("search again", ask("/search", search)))["cached"] for _ in range(10)):
        sys.exit("cache: the same search was encoded ten times")
    print("cache: ok", flush=True)
    status, text = ask("/metrics")
    if status in {401, 403}:
        print("metrics: only for a key with the scope admin")
    elif "searchindex_request_duration_seconds_count" not in step("metrics", (status, text)):
        sys.exit("metrics: the searches are not among them")


if __name__ == "__main__":
    main()
