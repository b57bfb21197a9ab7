"""A folder that changes, and its index after another run."""

import os
import shutil
from pathlib import Path

from e2e.product import PICTURES, Product


def _names(product: Product) -> set[str]:
    answer = product.run("search", "flag", "--top", "100", "--json").answer
    return {result["metadata"]["file_path"] for result in answer["results"]}


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}


def test_added_deleted_and_renamed(fresh: Product, flags: Path):
    """Three pictures come, two go and one gets another name: only what is new is encoded, and the index is the folder."""
    first = fresh.run("index", flags, "--json").answer
    assert first["indexed"] == first["encoded"] == len(_files(flags))
    for gone in sorted((flags / "flags").iterdir())[:2]:
        gone.unlink()
    renamed = min((flags / "flags").iterdir())
    renamed.rename(renamed.with_name("another name.png"))
    for come in sorted((PICTURES / "food-drink").iterdir())[:3]:
        shutil.copy2(come, flags / come.name)
    report = fresh.run("index", flags, "--json").answer
    assert (report["encoded"], report["deleted"], report["unchanged"]) == (4, 3, first["indexed"] - 3)
    assert _names(fresh) == _files(flags)


def test_touched_is_not_encoded_and_changed_is(fresh: Product, flags: Path):
    """A picture with a new date only is unchanged; one with another content is encoded anew."""
    fresh.run("index", flags)
    touched, changed = sorted((flags / "flags").iterdir())[:2]
    os.utime(touched)
    shutil.copy2(PICTURES / "travel-places" / "rocket.png", changed)
    report = fresh.run("index", flags, "--json").answer
    assert (report["encoded"], report["deleted"], report["problems"]) == (1, 0, [])


def test_a_broken_picture_costs_only_itself(fresh: Product, flags: Path):
    """It is named with a reason, the status says that something is missing, and the others are found."""
    (flags / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    done = fresh.run("index", flags, "--json")
    assert (done.status, done.answer["failed"]) == (1, 1)
    assert done.answer["problems"][0]["file"] == "broken.png"
    assert _names(fresh) == _files(flags) - {"broken.png"}


def test_a_folder_that_is_gone_empties_nothing(fresh: Product, flags: Path):
    """A mistyped or unmounted folder is an error, and the index keeps its pictures."""
    fresh.run("index", flags)
    before = _names(fresh)
    flags.rename(flags.with_name("elsewhere"))
    assert fresh.run("index", flags).status == 2
    assert _names(fresh) == before
