"""What is peculiar to a bucket."""

from datetime import timedelta

import pytest

from jobs.bucket import Bucket, Place
from jobs.sources import Source, SourceUnavailable
from jobs.stop import Interrupted, Stop
from searchindex.errors import InvalidInput, NotFound, SearchIndexError
from tests.s3_server import BEGINNING, BUCKET, SECRET, S3Server


def bucket_of(s3: S3Server, *, bucket: str = BUCKET, endpoint: str = "", prefix: str = "", stop: Stop | None = None) -> Bucket:
    place = Place(bucket=bucket, endpoint=endpoint or s3.endpoint, region="here", prefix=prefix)
    return Bucket(place, patience=timedelta(seconds=0.2), check=(stop or Stop()).check)


def listed(bucket: Bucket) -> list[Source]:
    return [each for each in bucket.walk() if isinstance(each, Source)]


@pytest.mark.parametrize(
    ("prefix", "paths"),
    [
        ("", ["photos-old/c.png", "photos/2024/a.png", "photos/b.png"]),
        ("photos/", ["2024/a.png", "b.png"]),
        ("photos", ["photos-old/c.png", "photos/2024/a.png", "photos/b.png"]),
        ("photos/20", ["2024/a.png"]),
        ("nothing/", []),
    ],
)
def test_the_prefix_is_the_beginning_of_keys(s3: S3Server, prefix: str, paths: list[str]):
    """As S3 has it, also where it ends within a name; paths begin after its last slash, so that no two keys share one."""
    for key in ("photos/b.png", "photos/2024/a.png", "photos-old/c.png"):
        s3.put(key, b"x")
    assert [each.uri for each in listed(bucket_of(s3, prefix=prefix))] == paths


def test_a_picture_knows_its_key(s3: S3Server):
    """It is stored beside the vector."""
    s3.put("photos/a.png", b"x")
    (found,) = listed(bucket_of(s3, prefix="photos/"))
    assert (found.uri, found.s3_key, found.name) == ("a.png", "photos/a.png", "a.png")


def test_two_writes_of_one_second_are_told_apart(s3: S3Server):
    """By their ETags: S3's clock is too coarse, and the size may be the same."""
    moments = []
    for content in (b"x", b"y", b"x"):
        s3.put("a.png", content)
        moments += [each.mtime for each in listed(bucket_of(s3))]
    assert moments[0] == moments[2] != moments[1]
    assert {moment // 1_000_000 for moment in moments} == {int(BEGINNING.timestamp()) * 1000}


def failure(bucket: Bucket) -> SearchIndexError:
    with pytest.raises(SearchIndexError) as caught:
        listed(bucket)
    assert SECRET not in str(caught.value)
    assert "quoted-token" not in str(caught.value)
    return caught.value


def test_wrong_credentials(s3: S3Server, monkeypatch: pytest.MonkeyPatch):
    """The error names the server's code and what to set, and quotes nothing that the server quoted."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    error = failure(bucket_of(s3))
    assert isinstance(error, InvalidInput)
    assert "SignatureDoesNotMatch" in str(error)
    assert "AWS_SECRET_ACCESS_KEY" in error.hint


def test_no_such_bucket(s3: S3Server):
    """Trying again would not help."""
    error = failure(bucket_of(s3, bucket="another"))
    assert isinstance(error, NotFound)
    assert "another" in error.message


def test_a_server_that_does_not_answer(s3: S3Server):
    """Nor one that is overloaded: both may be better soon."""
    assert isinstance(failure(bucket_of(s3, endpoint="http://127.0.0.1:1")), SourceUnavailable)
    s3.lasts = 0
    error = failure(bucket_of(s3))
    assert isinstance(error, SourceUnavailable)
    assert "SlowDown" in error.message


def test_plain_http_is_spoken_only_where_it_is_said(s3: S3Server, monkeypatch: pytest.MonkeyPatch):
    """An endpoint that comes from anywhere else than the setting does not get a signature in clear."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    bucket = Bucket(Place(bucket=BUCKET, region="here"), patience=timedelta(seconds=0.2))
    s3.put("a.png", b"x")
    with pytest.raises(SourceUnavailable):
        listed(bucket)


def test_an_object_that_may_not_be_read(s3: S3Server):
    """It costs itself alone, and its point stays: that is an OSError of the picture's own."""
    s3.put("a.png", b"x")
    s3.refused.add("a.png")
    bucket = bucket_of(s3)
    (found,) = listed(bucket)
    with pytest.raises(PermissionError):
        bucket.read(found)


def test_a_server_that_fails_meanwhile(s3: S3Server):
    """No picture is blamed for it."""
    s3.put("a.png", b"x")
    bucket = bucket_of(s3)
    (found,) = listed(bucket)
    s3.lasts = 0
    with pytest.raises(SourceUnavailable):
        bucket.read(found)


@pytest.mark.parametrize("key", ["a//b.png", "a/../b.png", "a\nb.png"])
def test_a_key_that_is_no_path(s3: S3Server, key: str):
    """The client cannot list it: the message names it, and what can be done."""
    s3.put(key, b"x")
    error = failure(bucket_of(s3))
    assert isinstance(error, InvalidInput)
    assert "b.png" in error.message
    assert "S3_PREFIX" in error.hint


def test_listing_can_be_stopped(s3: S3Server):
    """A bucket of millions takes minutes to list."""
    s3.put("a.png", b"x")
    stop = Stop()
    stop.ask()
    with pytest.raises(Interrupted):
        listed(bucket_of(s3, stop=stop))
