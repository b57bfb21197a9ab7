"""Batch augmentation of RGBA rasters: many made-up drawing styles from a few real ones.

Everything works on whole batches of tensors; each picture draws its own
parameters, and the costlier changes touch only the pictures drawn for them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = torch.tensor([0.299, 0.587, 0.114])


@dataclass(frozen=True, slots=True)
class Picked:
    """A batch of RGBA rasters (N,4,H,W in 0..1); per picture, whether mirroring or losing the colour leaves the same concept."""

    pixels: Tensor
    mirror: Tensor
    recolour: Tensor


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count, 1, 1, 1).uniform_(low, high)


def _some(images: Tensor, share: float, change: Callable[[Tensor], Tensor], allowed: Tensor | None = None) -> Tensor:
    """Apply a change to a random share of the pictures, in place."""
    drawn = torch.rand(len(images)) < share
    chosen = (drawn if allowed is None else drawn & allowed).nonzero()[:, 0]
    if len(chosen):
        images[chosen] = change(images[chosen])
    return images


def _affine(mirror: Tensor, strength: float) -> Tensor:
    """Random rotation, shear, stretch, shift and mirroring as 2x3 matrices."""
    count = len(mirror)
    angle = torch.randn(count) * 0.12 * strength
    scale = torch.empty(count, 2).uniform_(-0.07, 0.08) + torch.empty(count, 1).uniform_(-0.1, 0.25)
    scale = 1 + scale * strength
    side = torch.where(mirror & (torch.rand(count) < 0.5), -1.0, 1.0)
    shear = torch.randn(count) * 0.08 * strength
    cos, sin = angle.cos(), angle.sin()
    first = torch.stack([side * scale[:, 0] * cos, -scale[:, 1] * sin + shear], 1)
    second = torch.stack([side * scale[:, 0] * sin, scale[:, 1] * cos], 1)
    shift = torch.empty(count, 2).uniform_(-0.08, 0.08) * strength
    return torch.cat([torch.stack([first, second], 1), shift[:, :, None]], 2)


def warp(pixels: Tensor, mirror: Tensor, size: int, strength: float) -> Tensor:
    """Affine and elastic warp of RGBA to premultiplied RGBA of the model's size."""
    count = len(pixels)
    grid = F.affine_grid(_affine(mirror, strength), [count, 4, size, size], align_corners=False)
    bend = torch.randn(count, 2, 5, 5) * _uniform(count, 0.0, 0.06 * strength)
    grid += F.interpolate(bend, size=size, mode="bilinear", align_corners=True).permute(0, 2, 3, 1)
    premultiplied = torch.cat([pixels[:, :3] * pixels[:, 3:], pixels[:, 3:]], 1)
    return F.grid_sample(premultiplied, grid, mode="bilinear", align_corners=False)


def recolour(drawn: Tensor, allowed: Tensor) -> Tensor:
    """Change saturation, hue, contrast and brightness by one random colour matrix a picture; take the colour from some."""
    count = len(drawn)
    saturation = torch.empty(count, 1, 1).uniform_(0.5, 1.5)
    saturation[allowed & (torch.rand(count) < 0.12)] = 0
    matrix = saturation * torch.eye(3) + (1 - saturation) * LUMA
    matrix = (matrix + torch.randn(count, 3, 3) * 0.04) * torch.empty(count, 1, 1).uniform_(0.7, 1.2)
    colour = (matrix @ drawn[:, :3].flatten(2)).view_as(drawn[:, :3])
    lift = torch.randn(count, 1, 1, 1) * 0.1 + torch.randn(count, 3, 1, 1) * _uniform(count, 0.0, 0.08)
    return torch.cat([torch.addcmul(colour, lift, drawn[:, 3:]).clamp_(0, 1), drawn[:, 3:]], 1)


def shade(drawn: Tensor) -> Tensor:
    """Light that changes across the picture: flat colours become modelled ones."""
    light = torch.randn(len(drawn), 1, 3, 3) * 0.15 + 1
    drawn[:, :3] *= F.interpolate(light, size=drawn.shape[-2:], mode="bilinear", align_corners=True)
    return drawn.clamp_(0, 1)


def ink(drawn: Tensor) -> Tensor:
    """Dark lines where colours change, on a light filling: a drawing in ink."""
    alpha = drawn[:, 3:]
    flat = drawn[:, :3] + 1 - alpha
    spread = F.max_pool2d(flat, 3, 1, 1) + F.max_pool2d(-flat, 3, 1, 1)
    lines = (spread.amax(1, keepdim=True) * _uniform(len(drawn), 2.0, 5.0)).clamp_(0, 1)
    filling = alpha - (alpha - drawn[:, :3]) * _uniform(len(drawn), 0.0, 0.8)
    grown = torch.maximum(alpha, lines)
    return torch.cat([filling * (1 - lines), grown], 1)


def outline(drawn: Tensor) -> Tensor:
    """A contour of one colour, mostly dark, around the shape."""
    count, alpha = len(drawn), drawn[:, 3:]
    grown = F.max_pool2d(alpha, 3, 1, 1)
    wide = torch.rand(count) < 0.5
    grown[wide] = F.max_pool2d(grown[wide], 3, 1, 1)
    dark = torch.rand(count, 3, 1, 1) * 0.3
    colour = torch.where(torch.rand(count, 1, 1, 1) < 0.75, dark, 1 - dark)
    return torch.cat([drawn[:, :3] + colour * (grown - alpha), grown], 1)


def lay_on_colour(drawn: Tensor) -> Tensor:
    """Put a random colour, running into another one, behind the drawing."""
    corners = torch.rand(len(drawn), 3, 2, 2)
    corners = torch.lerp(corners.mean((2, 3), keepdim=True), corners, _uniform(len(drawn), 0, 1))
    below = F.interpolate(corners, size=drawn.shape[-2:], mode="bilinear", align_corners=True)
    return torch.cat([drawn[:, :3] + below * (1 - drawn[:, 3:]), torch.ones_like(drawn[:, 3:])], 1)


def blur(image: Tensor) -> Tensor:
    """Soften by up to a pixel."""
    return torch.lerp(image, F.avg_pool2d(image, 3, 1, 1, count_include_pad=False), _uniform(len(image), 0, 1))


def noise(image: Tensor) -> Tensor:
    """Add grain."""
    return (image + torch.randn_like(image) * _uniform(len(image), 0, 0.1)).clamp_(0, 1)


def cut_out(image: Tensor) -> Tensor:
    """Cover a random rectangle with a random colour."""
    count, _, size, _ = image.shape
    place = torch.arange(size).float()
    across, down = ((place - torch.rand(count, 1) * size).abs() < torch.rand(count, 1) * size * 0.25 for _ in range(2))
    return torch.where(across[:, None, None, :] & down[:, None, :, None], torch.rand(count, 3, 1, 1), image)


def augment(picked: Picked, size: int, strength: float) -> Tensor:
    """RGBA drawings to varied RGB pictures of the model's size, in 0..1; `strength` in 0..1."""
    drawn = recolour(warp(picked.pixels, picked.mirror, size, strength), picked.recolour)
    drawn = _some(drawn, 0.4 * strength, shade)
    drawn = _some(drawn, 0.15 * strength, ink, picked.recolour)
    drawn = _some(drawn, 0.25 * strength, outline)
    drawn = _some(drawn, 0.25 * strength, lay_on_colour)
    image = drawn[:, :3] + 1 - drawn[:, 3:]
    image = _some(image, 0.25 * strength, blur)
    image = _some(image, 0.15 * strength, noise)
    return _some(image, 0.3 * strength, cut_out).clamp_(0, 1)
