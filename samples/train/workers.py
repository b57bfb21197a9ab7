"""One of the training processes: what it reads, and how it joins the others."""

from pathlib import Path

import torch
import torch.distributed as dist

from samples.train import concepts
from samples.train.captions import caption_embeddings, projected, whitening
from samples.train.dataset import Dataset, dataset
from samples.train.network import DIM
from samples.train.schedule import STAGES
from samples.train.text_side import FrozenCaptions
from samples.train.train import train


def text_side(work: Path, data: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Caption embeddings of the frozen encoder, and the linear layer behind it."""
    embeddings = caption_embeddings(data.concepts, concepts.held_out_keywords(data.concepts), work / "captions.npy")
    return embeddings, whitening(embeddings, DIM)


def work_along(number: int, work: Path, stage: int) -> None:
    """One of the processes of a training stage, which starts where the stage before ended; the first one keeps the result."""
    torch.set_num_threads(1)
    schedule = STAGES[stage]
    dist.init_process_group("gloo", init_method=f"file://{(work / 'workers').resolve()}", rank=number, world_size=schedule.workers)
    data = dataset(work)
    embeddings, matrix = text_side(work, data)
    captions = FrozenCaptions(projected(embeddings, matrix), schedule.seed + number)
    start = torch.load(work / f"stage-{stage - 1}.pt") if stage else None
    state = train(data, captions, schedule, work / "log.jsonl", start)
    if number == 0:
        torch.save(state, work / f"stage-{stage}.pt")
        torch.save(state | {"text.proj.weight": matrix}, work / "weights.pt")
    dist.destroy_process_group()
