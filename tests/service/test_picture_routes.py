"""Thumbnails and originals."""

import pytest

from tests.service.conftest import Running


async def key_of(service: Running) -> tuple[str, str]:
    result = (await service.client.post("/search", json={"query": "x", "top_k": 1})).json()["results"][0]
    return result["key"], result["metadata"]["file_path"]


async def test_a_thumbnail_is_a_small_webp_with_a_tag(service: Running):
    """The second time the browser keeps what it has."""
    key, _ = await key_of(service)
    first = await service.client.get(f"/thumbnails/{key}?size=64")
    assert (first.status_code, first.headers["content-type"], first.content[8:12]) == (200, "image/webp", b"WEBP")
    again = await service.client.get(f"/thumbnails/{key}?size=64", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await service.client.get(f"/thumbnails/{key}?size=64")).content == first.content


async def test_the_original_is_sent_as_it_is(service: Running):
    """Not a byte differs, and a browser will not take it for a page."""
    key, path = await key_of(service)
    answer = await service.client.get(f"/images/{key}")
    assert answer.content == (service.root / path).read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("size", ["0", "100", "-64", "99999999999"])
async def test_only_the_listed_sizes(service: Running, size: str):
    """A caller cannot fill the disk with sizes of its own."""
    key, _ = await key_of(service)
    answer = await service.client.get(f"/thumbnails/{key}?size={size}")
    assert answer.status_code == 422


@pytest.mark.parametrize("key", ["1", "..%2f..%2fetc%2fpasswd", "%2e%2e", "x", "9" * 19, "9" * 40, "1%00", "-1"])
@pytest.mark.parametrize("route", ["images", "thumbnails"])
async def test_what_is_no_key_reads_nothing(service: Running, route: str, key: str):
    """Keys are numbers; paths never come from a caller."""
    answer = await service.client.get(f"/{route}/{key}")
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_link_out_of_the_folder_is_not_followed(service: Running, tmp_path):
    """A picture replaced by a link to a secret after indexing stays unread."""
    key, path = await key_of(service)
    (tmp_path / "secret").write_text("secret")
    (service.root / path).unlink()
    (service.root / path).symlink_to(tmp_path / "secret")
    for route in ("images", "thumbnails"):
        answer = await service.client.get(f"/{route}/{key}")
        assert (answer.status_code, "secret" in answer.text) == (404, False)


async def test_a_picture_that_is_gone(service: Running):
    """A deleted file is a 404 that says what to do."""
    key, path = await key_of(service)
    (service.root / path).unlink()
    answer = await service.client.get(f"/images/{key}")
    assert answer.status_code == 404
    assert "Index" in answer.json()["hint"]
