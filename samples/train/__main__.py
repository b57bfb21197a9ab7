"""`python -m samples.train all`: fetch the drawings, train, export and evaluate. About an hour on two cores.

The steps can also be run one by one, in that order.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

from torch.multiprocessing import spawn

from samples.train import check, concepts, evaluate
from samples.train.dataset import dataset
from samples.train.export import export
from samples.train.fetch import fetch
from samples.train.pictures import write_pictures
from samples.train.schedule import Schedule
from samples.train.workers import text_side, work_along

SAMPLES = evaluate.SAMPLES


def train_step(work: Path, minutes: float) -> None:
    """Train on the fetched drawings and keep the log beside this module."""
    text_side(work, dataset(work))
    for left in ("workers", "log.jsonl"):
        (work / left).unlink(missing_ok=True)
    spawn(work_along, (work, minutes), nprocs=Schedule().workers)
    shutil.copy(work / "log.jsonl", SAMPLES / "train/log.jsonl")


def export_step(work: Path, _minutes: float) -> None:
    """Write the model and the pictures, then compare the model with open_clip's."""
    data = dataset(work)
    staged = SAMPLES / "model.part"
    export(work / "weights.pt", staged, concepts.held_out_keywords(data.concepts))
    for file in sorted(staged.iterdir(), key=lambda file: file.name == "model.json"):
        file.replace(SAMPLES / "model" / file.name)
    staged.rmdir()
    write_pictures(data, SAMPLES)
    if not check.check(SAMPLES):
        raise SystemExit("the exported towers differ from open_clip's")


STEPS: dict[str, Callable[[Path, float], None]] = {
    "fetch": lambda work, _: fetch(work),
    "train": train_step,
    "export": export_step,
    "evaluate": lambda _work, _minutes: evaluate.main(),
}


def main() -> None:
    """Run one step, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["all", *STEPS])
    parser.add_argument("--work", type=Path, default=Path(".build/model"))
    parser.add_argument("--minutes", type=float, default=Schedule().minutes)
    options = parser.parse_args()
    for name in STEPS if options.step == "all" else [options.step]:
        STEPS[name](options.work, options.minutes)


if __name__ == "__main__":
    main()
