"""One of the training processes: what it reads, and how it joins the others."""

from pathlib import Path

import torch
import torch.distributed as dist

from samples.train import concepts
from samples.train.captions import caption_embeddings, projected, whitening
from samples.train.dataset import Dataset, dataset
from samples.train.network import DIM
from samples.train.schedule import Schedule
from samples.train.text_side import FrozenCaptions
from samples.train.train import train


def text_side(work: Path, data: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Caption embeddings of the frozen encoder, and the linear layer behind it."""
    embeddings = caption_embeddings(data.concepts, concepts.held_out_keywords(data.concepts), work / "captions.npy")
    return embeddings, whitening(embeddings, DIM)


def work_along(number: int, work: Path, minutes: float) -> None:
    """One of the training processes; the first one keeps the result."""
    torch.set_num_threads(1)
    schedule = Schedule(minutes=minutes)
    dist.init_process_group("gloo", init_method=f"file://{(work / 'workers').resolve()}", rank=number, world_size=schedule.workers)
    data = dataset(work)
    embeddings, matrix = text_side(work, data)
    weights = train(data, FrozenCaptions(projected(embeddings, matrix), schedule.seed + number), schedule, work / "log.jsonl")
    if number == 0:
        torch.save(weights | {"text.proj.weight": matrix}, work / "weights.pt")
    dist.destroy_process_group()
