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
from samples.train.schedule import STAGES
from samples.train.workers import text_side, work_along

SAMPLES = evaluate.SAMPLES


def train_step(work: Path, first_stage: int = 0) -> None:
    """Train on the fetched drawings, stage after stage, and keep the log beside this module."""
    text_side(work, dataset(work))
    if not first_stage:
        (work / "log.jsonl").unlink(missing_ok=True)
    for stage in range(first_stage, len(STAGES)):
        (work / "workers").unlink(missing_ok=True)
        spawn(work_along, (work, stage), nprocs=STAGES[stage].workers)
    shutil.copy(work / "log.jsonl", SAMPLES / "train/log.jsonl")


def export_step(work: Path) -> None:
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


STEPS: dict[str, Callable[[Path], None]] = {
    "fetch": fetch,
    "train": train_step,
    "export": export_step,
    "evaluate": lambda _work: evaluate.main(),
}


def main() -> None:
    """Run one step, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["all", *STEPS])
    parser.add_argument("--work", type=Path, default=Path(".build/model"))
    options = parser.parse_args()
    for name in STEPS if options.step == "all" else [options.step]:
        STEPS[name](options.work)


if __name__ == "__main__":
    main()
