"""Settings of the indexing program."""

from pathlib import Path

import pytest

from jobs.__main__ import COMMANDS, main
from jobs.settings import JobSettings, read_settings, shard_of
from jobs.shards import Shard
from jobs.shared_settings import read
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


@pytest.mark.parametrize("name", ["verify", "simulate", "benchmark"])
def test_a_commands_own_variables_carry_its_name(name: str, monkeypatch: pytest.MonkeyPatch):
    """What a pod's other programs call SEED, OUT or FOLDER is never taken for ours; with its prefix a variable is read."""
    command = COMMANDS[name]
    own = [field for field in command.settings.model_fields if field not in JobSettings.model_fields]
    assert all(field.startswith(command.prefix) for field in own)
    for field in own:
        monkeypatch.setenv(field.removeprefix(command.prefix).upper(), "not ours")
    before = read(command.settings, {})
    monkeypatch.setenv(own[0].upper(), "1")
    after = read(command.settings, {})
    assert [field for field in own if getattr(before, field) != getattr(after, field)] == own[:1]


def test_a_commands_own_flags_do_not(capsys: pytest.CaptureFixture[str]):
    """`simulate --points`: the command has been said; those of `index` keep the names that they have as variables."""
    for name, flag in {"verify": "--deep", "simulate": "--points", "benchmark": "--top-k", "index": "--index-batch-size"}.items():
        with pytest.raises(SystemExit):
            main([name, "--help"])
        assert f" {flag} " in capsys.readouterr().out
