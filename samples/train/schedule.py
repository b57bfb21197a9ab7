"""How long training lasts, and what changes in its course."""

import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`minutes` of wall clock; `sizes`: (share of the time, picture side in pixels).

    The course is set by the clock, so that training ends in time on a busy machine too: a faster one makes more steps.
    """

    minutes: float = 24
    batch: int = 64
    workers: int = 2
    rate: float = 3e-3
    weight_decay: float = 0.05
    smoothing: float = 0.05
    sizes: tuple[tuple[float, int], ...] = ((0.3, 40), (0.7, 48), (1.0, 64))
    decay: float = 0.995
    gentle: float = 0.3
    seed: int = 1

    def strength(self, done: float) -> float:
        """How far the pictures are changed, 0..1: little in the beginning, less again at the end."""
        return min(1.0, self.gentle + (1 - self.gentle) * done / 0.4, 1.0 - (done - 0.85) / 0.3)

    def size(self, done: float) -> int:
        """The side of the pictures at a point of the training."""
        return next(side for share, side in self.sizes if done < share or share == 1.0)


STAGES = (
    Schedule(),
    Schedule(minutes=9, rate=1.5e-3, sizes=((1.0, 64),), gentle=1.0, seed=2),
)


def optimiser(model: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """No weight decay on biases, norms and the temperature."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.98), fused=True)


def set_rate(optimizer: torch.optim.Optimizer, schedule: Schedule, done: float) -> None:
    """Linear warm-up over 3 %, then a cosine to a hundredth."""
    factor = done / 0.03 if done < 0.03 else 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
    for group in optimizer.param_groups:
        group["lr"] = schedule.rate * factor
