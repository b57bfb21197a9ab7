"""The file of API keys: its reader, and its rotation while the service runs."""

import asyncio
import hashlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchindex.errors import InvalidInput
from service.auth import Authentication
from service.key_file import ApiKeys, KeyScope, new_key, parse_keys
from tests.service.key_samples import (
    SEARCHER,
    SEARCHER_LINE,
    STRANGER,
    STRANGER_LINE,
    Clock,
)


def test_rotation_by_writing(keys: ApiKeys, file: Path, clock: Clock):
    """A new key is valid, and an old one no longer, within a second and without a restart."""
    file.write_text(STRANGER_LINE)
    clock.now = 0.9
    assert keys.find(STRANGER.encode()) is None
    clock.now = 1.1
    assert keys.find(STRANGER.encode()).name == "web"
    assert keys.find(SEARCHER.encode()) is None


def test_rotation_as_kubernetes_does_it(tmp_path: Path, clock: Clock):
    """A mounted Secret is a link to a link to a folder, and the middle one is swapped at once."""
    for folder, line in (("..first", SEARCHER_LINE), ("..second", STRANGER_LINE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "keys").write_text(line)
        os.utime(tmp_path / folder / "keys", (1, 1))
    (tmp_path / "..data").symlink_to("..first")
    (tmp_path / "keys").symlink_to("..data/keys")
    keys = ApiKeys(tmp_path / "keys", clock=clock)
    assert keys.find(SEARCHER.encode())
    (tmp_path / "..data_tmp").symlink_to("..second")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    clock.now += 1
    assert keys.find(STRANGER.encode())
    assert not keys.find(SEARCHER.encode())


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"web:search:12", b"#\n", b"x" * 1_000_001, None])
def test_a_broken_new_file_keeps_the_old_keys(keys: ApiKeys, file: Path, clock: Clock, caplog: pytest.LogCaptureFixture, content):
    """A slip while rotating shuts nobody out and lets nobody in; it is warned of once; and a good file heals it."""
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    for _ in range(5):
        clock.now += 1
        assert keys.find(SEARCHER.encode())
        assert not keys.find(STRANGER.encode())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    file.write_text(STRANGER_LINE)
    clock.now += 1
    assert keys.find(STRANGER.encode())


@pytest.mark.parametrize("content", [None, "", "web:search", f"{SEARCHER_LINE}\n{SEARCHER_LINE.replace('search', 'admin')}"])
def test_a_service_that_was_told_of_keys_never_starts_open(tmp_path: Path, content):
    """A missing, empty or broken file stops the start."""
    if content is not None:
        (tmp_path / "keys").write_text(content)
    with pytest.raises(InvalidInput):
        ApiKeys(tmp_path / "keys")


def test_a_key_of_another_index_opens_nothing(tmp_path: Path):
    """One Secret may hold the keys of several indices; each service knows its own."""
    (mine, line), (other, other_line) = (new_key(name, [KeyScope.SEARCH], index=name) for name in ("cats", "dogs"))
    (tmp_path / "keys").write_text(f"{line}\n{other_line}\n{SEARCHER_LINE}")
    keys = ApiKeys(tmp_path / "keys", index="cats")
    assert [bool(keys.find(key.encode())) for key in (mine, other, SEARCHER)] == [True, False, True]


def test_the_hash_of_a_word_is_no_key(tmp_path: Path):
    """What a person would choose is never valid, so that guessing is hopeless and a fast hash is enough."""
    (tmp_path / "keys").write_text("\n".join(f"x:admin:{hashlib.sha256(word).hexdigest()}" for word in (b"", b"secret")))
    keys = ApiKeys(tmp_path / "keys")
    assert not keys.find(b"")
    assert not keys.find(b"secret")


@given(name=st.text(max_size=70), scopes=st.lists(st.sampled_from(KeyScope), max_size=3), index=st.text(max_size=10))
def test_a_new_key_is_found_by_its_own_line(name: str, scopes: list[KeyScope], index: str):
    """`new_key` makes lines that can be read back, or none at all; nothing in a name can make a second line or another field."""
    try:
        key, line = new_key(name, scopes, index=index)
    except InvalidInput:
        return
    (entry,) = parse_keys(line)
    assert (entry.name, entry.scopes, entry.index) == (name, frozenset(scopes), index)
    assert entry.digest == hashlib.sha256(key.encode()).digest()
    assert len(key) == 46


@given(st.text(alphabet=st.sampled_from("ab:,#\n\r\x85 searchdmin0f.é"), max_size=300) | st.text())
def test_no_text_breaks_the_reader_or_is_echoed(text: str):
    """A file is either keys or an InvalidInput that names a line."""
    try:
        said = [entry.name for entry in parse_keys(text)]
    except InvalidInput as error:
        said = [str(error)]
    assert all(re.fullmatch(r"[\w.-]{1,64}|(Line \d+ of t|T)he key file (is not|has no|repeats)[^\n]{0,120}", each) for each in said)


@settings(deadline=None)
@given(headers=st.lists(st.tuples(st.sampled_from([b"authorization", b"x-api-key", b"cookie"]), st.binary(max_size=80)), max_size=4))
def test_no_headers_break_or_open_the_door(lasting_keys: ApiKeys, headers: list[tuple[bytes, bytes]]):
    """Whatever bytes are sent, the answer is a 401, and what is behind is not reached."""

    async def ask() -> int:
        started = []

        async def send(message):
            started.append(message.get("status"))

        async def behind(*_):
            raise AssertionError

        scope = {"type": "http", "method": "GET", "path": "/images/1", "headers": headers, "state": {}}
        await Authentication(behind, keys=lasting_keys)(scope, None, send)
        return started[0]

    assert asyncio.run(ask()) == 401
