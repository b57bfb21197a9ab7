"""The service over HTTP, with the real model and the real pictures."""

import pytest

from e2e.product import PICTURES, SAMPLES, Server

PICTURE = PICTURES / "travel-places" / "rocket.png"


def test_search_answers_and_remembers(server: Server):
    """POST /search answers with results, and the second time from the cache with the same ones."""
    first = server.search("a yellow banana", top_k=7)
    again = server.search("a yellow banana", top_k=7)
    assert (first["cached"], again["cached"]) == (False, True)
    assert first["total"] == len(first["results"]) == 7
    assert first["results"] == again["results"]


def test_filters_hold(server: Server):
    """A category narrows the search to pictures of it."""
    found = server.search("red", top_k=50, filters={"category": "flags"})
    assert {result["metadata"]["category"] for result in found["results"]} == {"flags"}
    assert found["total"] == sum(1 for _ in (PICTURES / "flags").iterdir())


def test_pages_join_without_a_seam(server: Server):
    """Two pages of five are the first ten."""
    ten = server.search("animal", top_k=10)["results"]
    pages = [server.search("animal", top_k=5, offset=offset)["results"] for offset in (0, 5)]
    assert [*pages[0], *pages[1]] == ten


def test_more_like_this_leaves_out_the_picture_itself(server: Server):
    """POST /search/similar finds others, of like kind."""
    (best,) = server.search("red heart", top_k=1)["results"]
    similar = server.client.post("/search/similar", json={"key": best["key"], "top_k": 5}).json()
    assert similar["total"] == 5
    assert best["key"] not in {result["key"] for result in similar["results"]}


def test_a_picture_finds_itself(server: Server):
    """POST /search/image with an indexed picture: that one is first, with a score of 1."""
    answer = server.client.post("/search/image", files={"file": ("mine.png", PICTURE.read_bytes(), "image/png")})
    assert answer.status_code == 200, answer.text
    best = answer.json()["results"][0]
    assert best["metadata"]["file_name"] == PICTURE.name
    assert best["score"] == pytest.approx(1, abs=1e-3)


def test_facets_count_the_folders(server: Server):
    """GET /facets counts as many pictures in each category as lie in its folder."""
    counts = server.client.get("/facets", params={"field": "category"}).json()["counts"]
    assert counts == {folder.name: sum(1 for _ in folder.iterdir()) for folder in PICTURES.iterdir()}


def test_health_and_stats_say_how_it_is(server: Server):
    """GET /health is healthy, and GET /stats knows every picture and the searches so far."""
    server.search("how are you")
    health, stats = (server.client.get(path).json() for path in ("/health", "/stats"))
    assert (health["status"], health["clip_loaded"], health["qdrant_connected"]) == ("healthy", True, True)
    assert stats["collection"]["vectors_count"] == SAMPLES
    assert stats["total_latency_ms"]["count"] > 0


def test_thumbnails_are_not_sent_twice(server: Server):
    """GET /thumbnails is WebP with an entity tag, and 304 for who has it; the original is the file, byte for byte."""
    (best,) = server.search("rocket", top_k=1)["results"]
    thumbnail = server.client.get(f"/thumbnails/{best['key']}", params={"size": 64})
    assert (thumbnail.status_code, thumbnail.headers["content-type"]) == (200, "image/webp")
    again = server.client.get(f"/thumbnails/{best['key']}", params={"size": 64}, headers={"If-None-Match": thumbnail.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert server.client.get(f"/images/{best['key']}").content == (PICTURES / best["metadata"]["file_path"]).read_bytes()


def test_a_wrong_request_is_told_what_to_do(server: Server):
    """An empty query and an unknown field are problems (RFC 9457) with a hint, not a server's failure."""
    for body in ({"query": "  "}, {"query": "x", "filters": {"colour": "red"}}):
        answer = server.client.post("/search", json=body)
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
