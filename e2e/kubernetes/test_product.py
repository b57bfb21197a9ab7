"""The product as its users meet it: `helm install`, `kubectl apply`, `POST /search` and the page through the ingress; and its end."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.kubernetes.kubectl import Kubectl, condition, eventually
from e2e.kubernetes.release import INGRESS, LOGS, ROOT, Release, keep_logs, released
from e2e.kubernetes.samples import INDEX, pod_on_claim, search_index
from e2e.load.traces import spans as spans_of
from tests.service.web.conftest import browser
from tests.service.web.reader import expect

__all__ = ["browser"]

PICTURES = 1465
MOVE = "import os, sys; os.mkdir('/data/pictures/new'); os.rename(sys.argv[1], '/data/pictures/new/spaceship.png')"
DRAWN = '[...document.querySelectorAll("#grid img")]'
KINDS = (
    *("deployments", "statefulsets", "services", "configmaps", "secrets", "serviceaccounts", "roles", "rolebindings"),
    *("networkpolicies", "ingresses", "poddisruptionbudgets"),
)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def release(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[Release]:
    before = request.session.testsfailed
    with released(kubectl) as made:
        yield made
        if request.session.testsfailed > before:
            keep_logs(made.kubectl, made.kubectl.namespace)


def run_of(release: Release) -> dict[str, Any]:
    found: dict[str, Any] = (release.kubectl.get("si", INDEX) or {})["status"]["indexing"]
    return found


def indexed_again(release: Release, why: str) -> dict[str, Any]:
    """The run that is asked for by an annotation, once it has ended."""
    before = run_of(release)["jobName"]
    release.kubectl.run("annotate", f"si/{INDEX}", f"searchindex.dev/reindex={why}", "--overwrite")
    eventually(lambda: run_of(release)["jobName"] != before and run_of(release).get("result"), f"the run {why}", seconds=180)
    release.wait_for_index()
    return run_of(release)


def test_from_helm_install_to_the_first_answer(release: Release, record_property: Any) -> None:
    """`helm install` under restricted pod security, one SearchIndex, and a search through the ingress is answered."""
    said = release.install()
    assert "POST" in said or "/search" in said
    release.kubectl.run("wait", "--for=condition=Complete", "job/fill", "--timeout=55s")
    release.kubectl.apply(search_index(release.store))
    index = release.wait_for_index()
    release.wait_for_answers()
    record_property("seconds", round(time.monotonic() - release.began))
    run = index["status"]["indexing"]
    assert (run["total"], run["indexed"], run["failed"]) == (PICTURES, PICTURES, 0)
    columns = release.kubectl.run("get", "si", INDEX, "--no-headers").split()
    assert columns[:3] == [INDEX, "True", "Available"]
    release.kubectl.run("wait", "--for=condition=Ready", f"si/{INDEX}", "--timeout=5s")


@pytest.mark.parametrize(("query", "expected"), [("red heart", "heart"), ("rocket", "rocket"), ("cloud with rain", "rain")])
def test_answers_mean_what_was_asked(release: Release, query: str, expected: str) -> None:
    """The best pictures of a query show what it says, and its repetition comes from Redis."""
    found = release.search(query, top_k=5)
    assert any(expected in each["metadata"]["title"] for each in found["results"])
    assert found["total"] >= 5
    eventually(lambda: release.search(query, top_k=5)["cached"], "nobody waits until Redis has it, and yet it soon has", seconds=5)


def test_without_a_key_nothing_is_answered(release: Release) -> None:
    """401 with a problem document, through the ingress too."""
    answer = release.client.post("/search", json={"query": "red heart"}, headers={"X-API-Key": ""})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")


def test_a_picture_finds_itself(release: Release) -> None:
    """Sent as a file; the best match is that very picture, and its thumbnail and original come through the ingress."""
    name = release.search("rocket", top_k=1)["results"][0]
    path = ROOT / "samples/pictures" / name["metadata"]["file_path"].partition("/")[2]
    answer = release.client.post("/search/image", files={"file": (path.name, path.read_bytes(), "image/png")}, data={"top_k": "3"})
    assert answer.status_code == 200, answer.text
    best = answer.json()["results"][0]
    assert best["key"] == name["key"]
    assert release.client.get(f"/images/{best['key']}").content == path.read_bytes()
    assert release.client.get(f"/thumbnails/{best['key']}?size=128").headers["Content-Type"] == "image/webp"


@pytest.mark.browser
def test_the_page_through_the_ingress(release: Release, browser: Any) -> None:
    """A person enters the key, types, and sees pictures; the screenshot is in .build/e2e/page.png."""
    address = f"http://{release.host}:{INGRESS.rpartition(':')[2]}/"
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    try:
        page.goto(f"{address}?q=red+heart")
        page.get_by_label("API key", exact=True).focus()
        page.keyboard.type(release.key)
        page.keyboard.press("Enter")
        expect(page.locator("#grid .name").first).to_contain_text("heart")
        page.wait_for_function(f"() => {DRAWN}.slice(0, 8).every((img) => img.complete && img.naturalWidth)")
        page.screenshot(path=str(LOGS / "page.png"))
    finally:
        page.close()


def test_one_search_is_one_trace(release: Release) -> None:
    """What a caller's `traceparent` begins goes on through the ingress; the collector has the request with its stages as children."""
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    release.client.post("/search", json={"query": "a trace of a whale"}, headers={"traceparent": parent})

    def spans() -> dict[str, dict[str, str]] | None:
        said = release.kubectl.run("logs", f"deploy/{release.name}-otel-collector", "--tail=5000")
        found = {each["Name"]: each for each in spans_of(said) if each.get("Trace ID") == TRACE}
        return found if {"POST /search", "encode", "search", "assemble"} <= found.keys() else None

    seen = eventually(spans, "the trace in the collector's output", seconds=30)
    request = seen.pop("POST /search")
    assert request["Parent ID"] == "00f067aa0ba902b7"
    assert {"validate", "cache", "encode", "search", "assemble"} <= seen.keys()
    assert {each["Parent ID"] for each in seen.values()} == {request["ID"]}


def test_what_is_counted_is_shown(release: Release) -> None:
    """The service's metrics through the ingress, those of the spans at the collector, those of the index at the controller."""
    text = release.client.get("/metrics").text
    assert re.search(r'searchindex_request_duration_seconds_count\{operation="search",outcome="ok"\} [1-9]', text)
    assert re.search(r"searchindex_collection_points\{[^}]*\} 1465", text)
    service = f"{release.name}-otel-collector:metrics"
    proxied = f"/api/v1/namespaces/{release.kubectl.namespace}/services/{service}/proxy/metrics"
    eventually(lambda: "duration" in release.kubectl.run("get", "--raw", proxied), "span metrics", seconds=60)


def test_helm_test_says_it_works(release: Release) -> None:
    """What the chart itself checks, in a pod of the release."""
    assert "Succeeded" in release.helm("test", release.name, "--timeout", "120s")


def test_a_second_run_encodes_nothing_and_changes_are_followed(release: Release) -> None:
    """Nothing is encoded twice; a picture that is added is found, one that is deleted is not."""
    run = indexed_again(release, "unchanged")
    assert (run["result"], run["unchanged"], run["indexed"]) == ("Succeeded", PICTURES, 0)
    victim = release.search("rocket", top_k=1)["results"][0]
    moved = victim["metadata"]["file_path"].partition("/")[2]
    release.kubectl.apply(pod_on_claim("move", target="jobs", command=["python", "-c", MOVE, f"/data/pictures/{moved}"]))
    release.kubectl.run("wait", "--for=condition=Complete", "job/move", "--timeout=55s")
    run = indexed_again(release, "moved")
    assert (run["unchanged"], run["indexed"], run["deleted"]) == (PICTURES - 1, 1, 1)
    paths = {each["metadata"]["file_path"] for each in release.search("rocket ship in space", top_k=100)["results"]}
    assert f"twemoji/{moved}" not in paths
    assert "twemoji/new/spaceship.png" in paths


def test_deletion_keeps_or_removes_as_it_was_asked(release: Release) -> None:
    """With Retain the vectors stay, and the same resource takes them up again without encoding; with Delete they go."""
    collection = (release.kubectl.get("si", INDEX) or {})["status"]["active"]["collection"]
    release.kubectl.delete("si", INDEX)
    release.kubectl.apply(search_index(release.store, reclaimPolicy="Delete"))
    index = release.wait_for_index()
    assert (index["status"]["active"]["collection"], index["status"]["indexing"]["indexed"]) == (collection, 0)
    release.kubectl.delete("si", INDEX)
    eventually(
        lambda: release.client.post("/search", json={"query": "gone"}).status_code == 503, "the API says that its collection is gone"
    )


def test_uninstall_leaves_what_was_asked_to_stay(release: Release) -> None:
    """No object of the release but the claim with Qdrant's storage, and the definition."""
    release.helm("uninstall", release.name, "--wait", "--timeout", "120s")
    listed = json.loads(release.kubectl.run("get", ",".join(KINDS), "-o", "json"))["items"]
    ours = [f"{each['kind']}/{each['metadata']['name']}" for each in listed if each["metadata"]["name"].startswith(f"{release.name}-")]
    assert ours == []
    claims = {each["metadata"]["name"] for each in release.kubectl.list("pvc")}
    assert any("qdrant" in each for each in claims)
    assert "samples" in claims
    release.kubectl.run("get", "crd", "searchindexes.searchindex.dev")
    assert condition(release.kubectl.get("si", INDEX), "Ready") == ("", "")
