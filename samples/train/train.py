"""Training: every picture against a caption of every concept at once, growing from small pictures to large ones."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from samples.train.augment import Picked, augment
from samples.train.dataset import Dataset
from samples.train.network import Average, Pair

CAPTION_LOSS = 0.5
PICTURE_LOSS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`sizes`: (share of the epochs, picture side in pixels)."""

    epochs: int = 48
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 0.05
    smoothing: float = 0.05
    sizes: tuple[tuple[float, int], ...] = ((0.35, 48), (0.75, 64), (1.0, 80))
    decay: float = 0.995
    gentle: float = 0.3
    seed: int = 1

    def strength(self, done: float) -> float:
        """How far the pictures are changed, 0..1: little in the beginning."""
        return min(1.0, self.gentle + (1 - self.gentle) * done / 0.4)

    def size(self, epoch: int) -> int:
        """The side of the pictures in an epoch."""
        return next(side for share, side in self.sizes if epoch < share * self.epochs or share == 1.0)


class Sought(NamedTuple):
    """Unit embeddings of many concepts' names and of one other caption for each; where in both the batch's concepts stand."""

    names: Tensor
    others: Tensor
    places: Tensor


class Captions(Protocol):
    """The text side of a step."""

    def __call__(self, labels: Tensor) -> Sought:
        """What the pictures of these concepts have to find, among much else."""


class FrozenCaptions:
    """Captions embedded beforehand: so every step can afford those of every concept."""

    def __init__(self, embeddings: Tensor, seed: int) -> None:
        self.embeddings = embeddings
        self.rng = torch.Generator().manual_seed(seed)

    def __call__(self, labels: Tensor) -> Sought:
        """All names, and one caption of every concept."""
        concepts, count, _ = self.embeddings.shape
        drawn = torch.randint(0, count, (concepts,), generator=self.rng)
        return Sought(self.embeddings[:, 0], self.embeddings[torch.arange(concepts), drawn], labels)


def epoch_order(labels: NDArray[np.int64], seed: list[int]) -> NDArray[np.int64]:
    """A draw in which rarely drawn concepts come more often than their share of the drawings."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(counts[inverse])
    return np.random.default_rng(seed).choice(len(labels), len(labels), p=weight / weight.sum())


def batches(data: Dataset, schedule: Schedule, epoch: int) -> Iterator[tuple[Picked, Tensor]]:
    """Drawings with what may be done to them, and the numbers of their concepts."""
    mirror = torch.tensor([not concept.has_direction for concept in data.concepts])
    recolour = torch.tensor([not concept.needs_colour for concept in data.concepts])
    order = epoch_order(data.training.labels, [schedule.seed, epoch])
    for at in range(0, len(order) - schedule.batch + 1, schedule.batch):
        chosen = order[at : at + schedule.batch]
        labels = torch.from_numpy(data.training.labels[chosen])
        rasters = torch.from_numpy(data.training.pixels[chosen]).permute(0, 3, 1, 2).float() / 255
        yield Picked(rasters, mirror[labels], recolour[labels]), labels


def contrast(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Each picture must find its concept's caption among all, and each of these captions its picture in the batch."""
    by_picture = F.cross_entropy(logits, labels, label_smoothing=smoothing)
    same = (labels[:, None] == labels[None, :]).float()
    by_caption = F.cross_entropy(logits[:, labels].T, same / same.sum(1, keepdim=True))
    return by_picture + PICTURE_LOSS * by_caption


def optimiser(model: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """No weight decay on biases, norms and the temperature."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.98))


def set_rate(optimizer: torch.optim.Optimizer, schedule: Schedule, done: float) -> None:
    """Linear warm-up over 3 %, then a cosine to a hundredth."""
    factor = done / 0.03 if done < 0.03 else 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
    for group in optimizer.param_groups:
        group["lr"] = schedule.rate * factor


def step(model: Pair, optimizer: torch.optim.Optimizer, pictures: Tensor, sought: Sought, smoothing: float) -> float:
    """One update of the weights; the loss before it."""
    with torch.autocast("cpu", torch.bfloat16):
        images = model.images(pictures.contiguous(memory_format=torch.channels_last))
    scaled = images * model.logit_scale.exp().clamp(max=100)
    loss = contrast(scaled @ sought.names.T, sought.places, smoothing)
    loss = loss + CAPTION_LOSS * contrast(scaled @ sought.others.T, sought.places, smoothing)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def train(data: Dataset, captions: Captions, schedule: Schedule, log: Path) -> dict[str, Tensor]:
    """Train; one line an epoch goes to `log`; returns the averaged weights. A text side with weights is trained along."""
    torch.manual_seed(schedule.seed)
    model = Pair().to(memory_format=torch.channels_last).train()
    trained = nn.ModuleList([model, captions] if isinstance(captions, nn.Module) else [model])
    average, optimizer = Average(model, schedule.decay), optimiser(trained, schedule)
    began, total = time.monotonic(), schedule.epochs * (len(data.training.labels) // schedule.batch)
    with log.open("w") as lines:
        for epoch in range(schedule.epochs):
            losses, side = [], schedule.size(epoch)
            for picked, labels in batches(data, schedule, epoch):
                done = average.steps / total
                set_rate(optimizer, schedule, done)
                pictures = augment(picked, side, schedule.strength(done))
                losses.append(step(model, optimizer, pictures, captions(labels), schedule.smoothing))
                average.update(model)
            seconds = round(time.monotonic() - began)
            lines.write(json.dumps({"epoch": epoch, "size": side, "loss": round(float(np.mean(losses)), 4), "seconds": seconds}) + "\n")
            lines.flush()
    return average.state
