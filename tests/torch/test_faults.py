"""F-46: models prepared and opened where there is no room, on the disk or in memory. Nothing is half written or served."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

from jobs.export import export
from searchindex.encoders.openclip_packages import packages
from searchindex.errors import ModelUnavailable
from tests.faults.record import record
from tests.golden import tiny
from tests.small_disk import run_on_small_disk
from tests.torch.references import random_model, save_weights

MIB = 2**20
ROOT = Path(__file__).parents[2]
WIDE = tiny.CONFIG | {"text_cfg": tiny.CONFIG["text_cfg"] | {"width": 768}}
# In a process of its own, of which no more than some bytes beyond what it has now may be mapped once torch is there.
STARVED = """
import dataclasses, json, resource, sys
from pathlib import Path
import open_clip, torch
from jobs.export import export
from searchindex.encoders.opening import open_text_encoder
from searchindex.encoders.runtime import Kind, Runtime
from searchindex.errors import ModelUnavailable
from searchindex.models import Precision, PreparedModel
from tests.golden import tiny

folder, out, room, what = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
open_clip.add_model_config(folder)
card = dataclasses.replace(tiny.CARD, architecture="wide")
warm = {"weights": folder / "wide.safetensors", "precision": Precision.FP32, "text_only": True, "keep_weights": True}
torch.set_num_threads(1)
if what == "open":
    made = export(card, out, **warm)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + room, -1))
try:
    if what == "open":
        open_text_encoder(made, Runtime(kind=Kind.OPENCLIP, device="cpu"))
    else:
        export(card, out, **warm)
    print("done")
except ModelUnavailable as error:
    print(json.dumps([error.message, error.hint]))
"""

# Alone with a small disk, which has room for more and more of the model, and in the end for nothing but it.
FILLED = """
import json, shutil, sys
from pathlib import Path
from types import SimpleNamespace
import jobs.staging
from jobs.export import export
from searchindex.encoders import onnx, opening
from searchindex.encoders.runtime import Kind, Runtime
from searchindex.errors import ModelUnavailable
from searchindex.models import Precision
from tests.golden import tiny
from tests.golden.make import register_tiny
from tests.small_disk import SmallDisk

register_tiny()
disk, weights = SmallDisk(Path(sys.argv[1])), Path(sys.argv[2])
plenty = SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=1 << 40), rmtree=shutil.rmtree)
jobs.staging.shutil = plenty  # what is free when it begins is not free when it writes
for leave in range(0, 40 << 20, 1 << 20):
    disk.fill(leave=leave)
    try:
        made = export(tiny.CARD, disk.path / "made", weights=weights, precision=Precision.FP32, text_only=True, keep_weights=True)
        break
    except ModelUnavailable as error:
        said = str(error)
    disk.free()
    print(json.dumps({"said": said, "left": [path.name for path in disk.path.iterdir()]}))
disk.free()
disk.fill()
opened = onnx.open_text_encoder(made), opening.open_text_encoder(made, Runtime(kind=Kind.OPENCLIP, device="cpu"))
print(json.dumps({"made": True, "answers": [each.encode_texts(["a cat"]).shape for each in opened]}))
"""


def test_room_is_asked_for_before_anything_is_written(weights, tmp_path, monkeypatch):
    """A disk that has no room for the model is told at once, with how much that is."""
    monkeypatch.setattr("jobs.staging.shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10**10, 10**10, 10**6))
    with pytest.raises(ModelUnavailable, match=r"no room for the model in .*0\.0 GB are needed and 0\.0 GB are free\. Free some"):
        export(tiny.CARD, tmp_path / "made", weights=weights, text_only=True, keep_weights=True)
    record("F-46", 1, list(tmp_path.iterdir()))


def test_a_disk_that_fills_meanwhile_leaves_nothing(weights, tmp_path):
    """Others write to it, too: whichever file had no room, no model is there. The next run makes it; a full disk serves it."""
    program = [sys.executable, "-c", FILLED, str(tmp_path), str(weights)]
    *refusals, last = map(json.loads, run_on_small_disk(tmp_path, program, size=64 * MIB, cwd=ROOT))
    assert len(refusals) > 10
    assert last == {"made": True, "answers": [[1, 32], [1, 32]]}
    wrong = [each for each in refusals if "There is no room for the model in" not in each["said"] or each["left"]]
    record("F-46", len(refusals) + 2, wrong)


def test_a_fetch_without_room_is_not_a_network_that_is_away(tmp_path, monkeypatch):
    """The hub's library writes to a cache of its own, on a disk that may be another."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packages()[0].pretrained, "download_pretrained_from_hf", full)
    with pytest.raises(ModelUnavailable, match=r"no room to fetch open_clip_model\.safetensors of tiny/golden.*HF_HOME"):
        export(tiny.CARD, tmp_path / "made", weights=None)
    record("F-46", 1)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A model of 160 MB, nearly all of it rows of the vocabulary."""
    folder = tmp_path_factory.mktemp("wide")
    (folder / "wide.json").write_text(json.dumps(WIDE))
    packages()[0].add_model_config(folder)
    save_weights(random_model("wide"), folder / "wide.safetensors")
    return folder


@pytest.mark.parametrize("what", ["export", "open"])
def test_too_little_memory_is_told(what, wide, tmp_path):
    """A process whose memory does not hold the model says so and what to do; no folder is left that looks like a model."""
    wrong, endings, rooms = [], [], (8, 64, 200, 400, 4000)
    for megabytes in rooms:
        out = tmp_path / f"made-{megabytes}"
        command = [sys.executable, "-c", STARVED, str(wide), str(out), str(megabytes * MIB), what]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=300)  # noqa: S603 # our own
        said = done.stdout.splitlines()[-1] if done.stdout else ""
        told = said == "done" or "more memory" in said
        clean = what == "open" or said == "done" or not list(tmp_path.glob(f"*{out.name}*"))
        wrong += [] if told and clean and done.returncode == 0 else [(megabytes, done.returncode, said, done.stderr[-600:])]
        endings.append(said)
    assert endings[-1] == "done"
    record("F-46", len(rooms), wrong)
