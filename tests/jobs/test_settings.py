"""Settings of the indexing program."""

from pathlib import Path

import pytest

from jobs.settings import read_settings, shard_of
from jobs.shards import Shard
from searchindex.errors import InvalidInput


def test_from_the_environment_as_a_controller_sets_it(monkeypatch: pytest.MonkeyPatch):
    """Flat variables; the index of an Indexed Job's pod is the shard."""
    given = {"IMAGE_DIR": "/data", "JOB_COMPLETION_INDEX": "3", "SHARD_COUNT": "8", "PRUNE": "false", "MAX_FAILED_PERCENT": "1.5"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.image_dir, settings.prune, settings.max_failed_percent) == (Path("/data"), False, 1.5)
    assert shard_of(settings) == Shard(3, 8)
    assert shard_of(read_settings(shard_index="0")) == Shard(0, 8)


def test_published_defaults():
    """What the documents promise."""
    settings = read_settings(image_dir="x")
    assert (settings.index_batch_size, settings.index_num_workers, settings.max_delete_percent) == (256, 4, 20)
    assert (settings.max_failed_percent, settings.prune, settings.progress_port, shard_of(settings)) == (100, True, 0, Shard(0, 1))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "IMAGE_DIR"),
        ({"image_dir": "x", "max_delete_percent": "101"}, "MAX_DELETE_PERCENT"),
        ({"image_dir": "x", "max_failed_percent": "nan"}, "MAX_FAILED_PERCENT"),
        ({"image_dir": "x", "index_batch_size": "0"}, "INDEX_BATCH_SIZE"),
        ({"image_dir": "x", "qdrant_port": "secret-value"}, "QDRANT_PORT"),
        ({"image_dir": "x", "source_name": "../up"}, "SOURCE_NAME"),
        ({"image_dir": "x", "source_name": "a/b"}, "SOURCE_NAME"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(given: dict, named: str):
    """The value may be a secret in the wrong place."""
    with pytest.raises(InvalidInput, match=named) as caught:
        read_settings(**given)
    assert "secret-value" not in str(caught.value)


def test_a_shard_that_is_not_there():
    """A Job with fewer completions than its pods believe."""
    with pytest.raises(InvalidInput, match="no shard 2 of 2"):
        shard_of(read_settings(image_dir="x", shard_index=2, shard_count=2))
