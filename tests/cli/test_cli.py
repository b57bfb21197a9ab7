"""The `searchindex` command, as a person types it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from cli.failures import Exit
from cli.workspace import Workspace, default_workspace
from searchindex import __version__
from searchindex.collection import PAYLOAD_SCHEMA, PLACE_SCHEMA
from searchindex.errors import InvalidInput
from searchindex.filters import parse_filter
from searchindex.stores.edge import EdgeStore
from tests.pictures import folder_of, picture
from tests.searchindex.images.pictures import CORNERS, encoded, gps


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, home: Path) -> Done:
    """The command in this process, with an empty home unless the test fills it."""
    environment = {"SEARCHINDEX_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"}
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demonstration was run once."""
    path = tmp_path_factory.mktemp("home")
    assert run("demo", "--once", home=path).returncode == Exit.DONE
    return path


def test_the_demo_answers_with_json_as_its_last_line(home: Path):
    """A script can take the last line, and what it finds is what was asked for."""
    done = run("demo", "--once", "--query", "red heart", home=home)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["query"] == "red heart"
    assert "heart" in " ".join(result["metadata"]["title"] for result in answer["results"][:3])


def test_the_demo_twice_encodes_nothing(home: Path):
    """The second run only lists."""
    done = run("index", Path("samples/pictures"), "--name", "demo", "--metadata", "samples/metadata.jsonl", "--json", home=home)
    report = json.loads(done.stdout)
    assert (report["encoded"], report["indexed"], report["failed"]) == (0, 0, 0)
    assert report["unchanged"] > 1000


def test_search_prints_a_table_and_json(home: Path):
    """For a person and for a script."""
    table = run("search", "rocket", "--name", "demo", home=home)
    assert (table.returncode, "rocket" in table.stdout) == (0, True)
    found = json.loads(run("search", "red apple", "-n", "demo", "-k", "3", "--category", "food-drink", "--json", home=home).stdout)
    assert found["total"] == 3
    assert {result["metadata"]["category"] for result in found["results"]} == {"food-drink"}


def test_a_folder_of_ones_own(tmp_path: Path):
    """Good pictures are indexed, bad ones listed, and the status says that some are missing."""
    root = folder_of(tmp_path / "pictures", 5)
    (root / "broken.png").write_bytes(b"no picture")
    (root / os.fsdecode(b"\xff.png")).write_bytes(picture((1, 2, 3)))
    done = run("index", root, "--json", home=tmp_path / "home")
    report = json.loads(done.stdout)
    assert done.returncode == Exit.INCOMPLETE
    assert (report["indexed"], report["failed"], report["skipped"]) == (5, 1, 1)
    assert {problem["reason"] for problem in report["problems"]} == {"unsupported-format", "name-not-utf8"}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["index", "no-such-folder"], Exit.INVALID, "does not exist"),
        (["index", "README.md"], Exit.INVALID, "is not a folder"),
        (["index", "tools"], Exit.INVALID, "no pictures"),
        (["index", "docs", "--name", "../up"], Exit.INVALID, "not a name"),
        (["index", "docs", "--model", "ViT-H14"], Exit.INVALID, "Did you mean"),
        (["index", "docs", "--model", "ViT-H-14"], Exit.UNAVAILABLE, "hf-hub:laion"),
        (["index", "docs", "--metadata", "nothing.jsonl"], Exit.INVALID, "cannot be read"),
        (["search", "x"], Exit.INVALID, "no index"),
        (["serve"], Exit.INVALID, "no index"),
        (["search", "x" * 600], Exit.INVALID, "512"),
        (["demo", "--images", "nowhere"], Exit.INVALID, "does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_or_two(tmp_path: Path, arguments: list[str], status: Exit, says: str):
    """No traceback: a sentence, and what to do."""
    done = run(*arguments, home=tmp_path)
    assert done.returncode == status
    assert says in done.stderr.replace("\n", " ")
    assert len(done.stderr) < 700


def test_brackets_in_a_name_are_shown(tmp_path: Path):
    """A path is data, never markup of the terminal."""
    done = run("index", tmp_path / "[red]album[2024]", home=tmp_path)
    assert "[red]album[2024]" in done.stderr


def test_another_folder_under_the_same_name_is_refused(tmp_path: Path):
    """Pictures of one folder never count as deleted because another was indexed."""
    first, second = folder_of(tmp_path / "a", 2), folder_of(tmp_path / "b", 2)
    assert run("index", first, home=tmp_path / "home").returncode == Exit.DONE
    refused = run("index", second, home=tmp_path / "home")
    assert (refused.returncode, "--name" in refused.stderr) == (Exit.INVALID, True)


def test_a_taken_port_is_said_before_anything_is_loaded(home: Path):
    """The message has the port and another one to try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--name", "demo", "--port", str(port), home=home)
    assert done.returncode == Exit.UNAVAILABLE
    assert str(port + 1) in done.stderr


def test_a_home_that_cannot_be_written(tmp_path: Path):
    """A file where the home should be is named, not traced."""
    (tmp_path / "file").write_text("x")
    done = run("index", folder_of(tmp_path / "a", 1), home=tmp_path / "file")
    assert done.returncode == Exit.UNAVAILABLE
    assert "file" in done.stderr


def test_models_and_doctor(home: Path):
    """What there is, and what is missing and how to get it."""
    models = json.loads(run("models", "--json", home=home).stdout)
    assert {"name": "ResNet10-MiniLM/pictograms", "dim": models[0]["dim"], "ready": True} in models
    findings = {finding["name"]: finding for finding in json.loads(run("doctor", "--json", home=home).stdout)}
    assert findings["small model"]["good"]
    assert findings["index demo"]["good"]
    assert "searchindex export" in findings["model ViT-H-14/laion2b_s32b_b79k"]["detail"]


def test_a_key_is_made_with_its_line():
    """The file gets a hash, and the key is not in it."""
    made = json.loads(run("key", "alice", "--json", home=Path("nowhere")).stdout)
    assert made["line"].startswith("alice:search:")
    assert made["key"] not in made["line"]
    assert run("key", "a b:c", home=Path("nowhere")).returncode == Exit.INVALID


def test_the_version_and_the_help():
    """Both are there, and the exit statuses are documented where one looks for them."""
    version = subprocess.run([sys.executable, "-m", "cli", "--version"], capture_output=True, text=True, check=True)  # our own command
    assert version.stdout.strip() == __version__
    assert "Exit status" in run("--help", home=Path("nowhere")).stdout


def test_the_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """SEARCHINDEX_HOME goes before the XDG folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("SEARCHINDEX_HOME", raising=False)
    assert default_workspace().home == tmp_path / "xdg" / "searchindex"
    monkeypatch.setenv("SEARCHINDEX_HOME", str(tmp_path / "own"))
    assert default_workspace().home == tmp_path / "own"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "x" * 101, ".hidden"])
def test_names_that_are_no_folder_names(tmp_path: Path, name: str):
    """An index's name never leaves the home."""
    with pytest.raises(InvalidInput):
        Workspace(tmp_path).index_folder(name)


def test_places_are_indexed_where_they_are_asked_for(tmp_path: Path):
    """On a laptop, too, they can be filtered then, and are not there by default."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "rio.jpg").write_bytes(encoded(CORNERS, "JPEG", exif=gps(((22, 1), (54, 1), (0, 1)), "S", ((43, 1), (12, 1), (0, 1)), "W")))
    for name, flags in {"without": [], "with": ["--exif-place"]}.items():
        assert run("index", folder, "--name", name, *flags, home=tmp_path / "home").returncode == Exit.DONE

    async def south(name: str) -> list[object]:
        store = EdgeStore(Workspace(tmp_path / "home").index_folder(name))
        try:
            (record,) = [record async for record in store.scroll()]
            found = await store.count(parse_filter({"location.lat": {"lt": 0}}, PAYLOAD_SCHEMA | PLACE_SCHEMA))
            return [found, record.payload.get("location"), "location.lat" in (await store.state()).schema]
        finally:
            await store.close()

    assert asyncio.run(south("without")) == [0, None, False]
    assert asyncio.run(south("with")) == [1, {"lon": -43.2, "lat": -22.9}, True]
