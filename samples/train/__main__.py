"""`python -m samples.train all`: fetch the drawings, train, export and evaluate. About an hour on two cores.

The steps can also be run one by one, in that order.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from samples.train import check, concepts, evaluate
from samples.train.captions import caption_embeddings
from samples.train.dataset import dataset
from samples.train.export import export
from samples.train.fetch import fetch
from samples.train.pictures import write_pictures
from samples.train.train import FrozenCaptions, Schedule, train

SAMPLES = evaluate.SAMPLES


def train_step(work: Path, epochs: int) -> None:
    """Train on the fetched drawings and keep the log beside this module."""
    data = dataset(work)
    embeddings = caption_embeddings(data.concepts, concepts.held_out_keywords(data.concepts), work / "captions.npy")
    torch.set_num_threads(2)
    schedule = Schedule(epochs=epochs)
    weights = train(data, FrozenCaptions(embeddings, schedule.seed), schedule, work / "log.jsonl")
    torch.save(weights, work / "weights.pt")
    shutil.copy(work / "log.jsonl", SAMPLES / "train/log.jsonl")


def export_step(work: Path, _epochs: int) -> None:
    """Write the model and the pictures, then compare the model with open_clip's."""
    data = dataset(work)
    export(work / "weights.pt", SAMPLES / "model", concepts.held_out_keywords(data.concepts))
    write_pictures(data, SAMPLES)
    if not check.check(SAMPLES):
        raise SystemExit("the exported towers differ from open_clip's")


STEPS: dict[str, Callable[[Path, int], None]] = {
    "fetch": lambda work, _: fetch(work),
    "train": train_step,
    "export": export_step,
    "evaluate": lambda _work, _epochs: evaluate.main(),
}


def main() -> None:
    """Run one step, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["all", *STEPS])
    parser.add_argument("--work", type=Path, default=Path(".build/model"))
    parser.add_argument("--epochs", type=int, default=Schedule().epochs)
    options = parser.parse_args()
    for name in STEPS if options.step == "all" else [options.step]:
        STEPS[name](options.work, options.epochs)


main()
