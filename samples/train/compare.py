"""`python -m samples.train.compare WORK`: the frozen sentence encoder against a text tower trained from nothing.

Both image towers get the same drawings, augmentation and time, on a short
schedule, at once on a core each; the text tower of the second is a small transformer of open_clip
with its byte-pair vocabulary.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from open_clip.model import CLIPTextCfg, _build_text_tower
from PIL import Image
from torch import Tensor, nn

from samples.train import concepts, preprocess
from samples.train.captions import caption_embeddings, captions, embed, projected, sentence_encoder, whitening
from samples.train.dataset import Dataset, dataset
from samples.train.evaluate import first_right, recall
from samples.train.network import DIM, Pair
from samples.train.schedule import Schedule
from samples.train.text_side import FrozenCaptions, Sought
from samples.train.train import train

SHORT = Schedule(minutes=4, batch=128, workers=1, sizes=((0.5, 40), (1.0, 48)), decay=0.98)
ARMS = ("frozen sentence encoder", "text tower trained from nothing")
CONTEXT = 16
OTHERS = 128
SMALL = CLIPTextCfg(context_length=CONTEXT, width=256, heads=4, layers=4)


class LearnedCaptions(nn.Module):
    """A text tower trained along: in each step it reads the batch's concepts and some others."""

    def __init__(self, said: list[list[str]], seed: int) -> None:
        super().__init__()
        self.tokenizer = open_clip.SimpleTokenizer(context_length=CONTEXT)
        self.tokens = torch.stack([self.tokenizer(texts) for texts in said])
        self.tower = _build_text_tower(DIM, SMALL)
        self.rng = torch.Generator().manual_seed(seed)

    def forward(self, labels: Tensor) -> Sought:
        """The name and one more caption of each concept in the batch and of some others."""
        others = torch.randint(0, len(self.tokens), (OTHERS,), generator=self.rng)
        read, places = torch.unique(torch.cat([labels, others]), return_inverse=True)
        drawn = torch.randint(0, self.tokens.shape[1], (len(read),), generator=self.rng)
        tokens = torch.cat([self.tokens[read, 0], self.tokens[read, drawn]])
        with torch.autocast("cpu", torch.bfloat16):
            embedded = self.tower(tokens)
        names, more = F.normalize(embedded.float(), dim=-1).chunk(2)
        return Sought(names, more, places[: len(labels)])

    @torch.inference_mode()
    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit embeddings of queries."""
        return F.normalize(self.tower(self.tokenizer(texts)), dim=-1).numpy()


@torch.inference_mode()
def picture_embeddings(state: dict[str, Tensor], data: Dataset, size: int) -> NDArray[np.float32]:
    """The sample pictures through a trained image tower."""
    model = Pair().eval()
    model.load_state_dict(state)
    pixels = [torch.from_numpy(preprocess.pixels(Image.fromarray(one), size)) for one in data.pictures.pixels]
    rows = [F.normalize(model.visual(torch.stack(pixels[at : at + 64])), dim=-1) for at in range(0, len(pixels), 64)]
    return torch.cat(rows).numpy()


def frozen_queries(texts: list[str], matrix: Tensor) -> NDArray[np.float32]:
    """Unit embeddings of queries by the sentence encoder and its linear layer."""
    return projected(torch.from_numpy(embed(texts, sentence_encoder())), matrix).numpy()


def run_arm(arm: str, work: Path) -> dict[str, dict[str, float]]:
    """Train one pair; its recall by name and by held-out keyword."""
    torch.set_num_threads(1)
    data = dataset(work)
    held_out = concepts.held_out_keywords(data.concepts)
    words, names = sorted(held_out), [concept.name for concept in data.concepts]
    embeddings = caption_embeddings(data.concepts, held_out, work / "captions.npy")
    matrix = whitening(embeddings, DIM)
    learned = LearnedCaptions([captions(concept, held_out) for concept in data.concepts], SHORT.seed)
    frozen = FrozenCaptions(projected(embeddings, matrix), SHORT.seed)
    state = train(data, frozen if arm == ARMS[0] else learned, SHORT, work / f"{arm}.jsonl")
    index = picture_embeddings(state, data, SHORT.size(1))[np.argsort(data.pictures.labels)]
    queries = frozen_queries(names + words, matrix) if arm == ARMS[0] else learned.eval().embed(names + words)
    right = [{at for at, concept in enumerate(data.concepts) if word in concept.keywords} for word in words]
    by_name = first_right(queries[: len(names)], index, [{at} for at in range(len(names))])
    return {"names": recall(by_name), "held-out keywords": recall(first_right(queries[len(names) :], index, right))}


def main() -> None:
    """Write `comparison.json` beside this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    work = parser.parse_args().work
    for arm in ARMS:
        (work / f"{arm}.jsonl").unlink(missing_ok=True)
    with ProcessPoolExecutor(len(ARMS), mp_context=get_context("spawn")) as pool:
        result = dict(zip(ARMS, pool.map(run_arm, ARMS, [work] * len(ARMS)), strict=True))
    (Path(__file__).parent / "comparison.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
