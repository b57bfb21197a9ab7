"""Training: every picture against a caption of every concept at once, growing from small pictures to large ones.

One process a core, each with its own pictures, which average their gradients after each step: on a shared machine this
wastes far less than threads that wait for one another within every layer.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from samples.train.augment import Picked, augment
from samples.train.dataset import Dataset
from samples.train.network import Average, Pair
from samples.train.schedule import Schedule, optimiser, set_rate
from samples.train.text_side import Captions, Sought

CAPTION_LOSS = 0.5
PICTURE_LOSS = 0.5


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
    order = order[: len(order) // (schedule.workers * schedule.batch) * schedule.workers * schedule.batch]
    order = order[rank() :: schedule.workers]
    for at in range(0, len(order), schedule.batch):
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


def rank() -> int:
    """The number of this process among the workers."""
    return dist.get_rank() if dist.is_initialized() else 0


def average_gradients(trained: nn.Module, done: float) -> float:
    """Make the workers' gradients one, and their clocks: returns the common part of the training that is done."""
    if not dist.is_initialized():
        return done
    gradients = [p.grad for p in trained.parameters() if p.grad is not None]
    packed = torch.cat([*(g.flatten() for g in gradients), torch.tensor([done])])
    dist.all_reduce(packed)
    packed /= dist.get_world_size()
    for gradient, part in zip(gradients, packed[:-1].split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
    return float(packed[-1])


def backward(model: Pair, pictures: Tensor, sought: Sought, smoothing: float) -> float:
    """Leave the gradients in the weights; returns the loss."""
    with torch.autocast("cpu", torch.bfloat16):
        images = model.images(pictures.contiguous(memory_format=torch.channels_last))
    scaled = images * model.logit_scale.exp().clamp(max=100)
    loss = contrast(scaled @ sought.names.T, sought.places, smoothing)
    loss = loss + CAPTION_LOSS * contrast(scaled @ sought.others.T, sought.places, smoothing)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def train(data: Dataset, captions: Captions, schedule: Schedule, log: Path, start: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
    """Train, from `start` or from random weights; one line an epoch goes to `log`; returns the averaged weights.

    A text side with weights is trained along.
    """
    torch.manual_seed(schedule.seed)
    model = Pair().to(memory_format=torch.channels_last).train()
    if start:
        model.load_state_dict(start)
    trained = nn.ModuleList([model, captions] if isinstance(captions, nn.Module) else [model])
    average, optimizer = Average(model, schedule.decay), optimiser(trained, schedule)
    torch.manual_seed(schedule.seed + rank())
    began, done, epoch = time.monotonic(), 0.0, 0
    while done < 1:
        losses = []
        for picked, labels in batches(data, schedule, epoch):
            set_rate(optimizer, schedule, done)
            pictures = augment(picked, schedule.size(done), schedule.strength(done))
            optimizer.zero_grad()
            losses.append(backward(model, pictures, captions(labels), schedule.smoothing))
            passed = min(1.0, (time.monotonic() - began) / (schedule.minutes * 60))
            done = average_gradients(trained, passed)
            optimizer.step()
            average.update(model)
        if rank() == 0:
            facts = {"epoch": epoch, "size": schedule.size(done), "steps": average.steps, "loss": round(float(np.mean(losses)), 4)}
            with log.open("a") as lines:
                lines.write(json.dumps(facts | {"done": round(done, 3)}) + "\n")
            torch.save(average.state, log.with_suffix(".pt"))
        epoch += 1
    return average.state
