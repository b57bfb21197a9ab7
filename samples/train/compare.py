"""`python -m samples.train.compare WORK`: the frozen sentence encoder against a text tower trained from nothing.

Both image towers get the same drawings, augmentation and number of steps, on a
short schedule; the text tower of the second is a small transformer of open_clip
with its byte-pair vocabulary.
"""

import argparse
import json
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
from samples.train.captions import caption_embeddings, captions, embed, sentence_encoder
from samples.train.dataset import Dataset, dataset
from samples.train.evaluate import first_right, recall
from samples.train.network import DIM, Pair
from samples.train.train import Captions, FrozenCaptions, Schedule, draw_captions, train

SHORT = Schedule(epochs=10, sizes=((1.0, 48),), decay=0.99)
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

    def forward(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One caption of each concept in the batch and of some others."""
        others = torch.randint(0, len(self.tokens), (OTHERS,), generator=self.rng)
        read, places = torch.unique(torch.cat([labels, others]), return_inverse=True)
        drawn = draw_captions(len(read), self.tokens.shape[1], self.rng)
        with torch.autocast("cpu", torch.bfloat16):
            embedded = self.tower(self.tokens[read, drawn])
        return F.normalize(embedded.float(), dim=-1), places[: len(labels)]

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


def compare(work: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Train both pairs; recall by name and by held-out keyword of each."""
    data = dataset(work)
    order = np.argsort(data.pictures.labels)
    listed = data.concepts
    held_out = concepts.held_out_keywords(listed)
    words, names = sorted(held_out), [concept.name for concept in listed]
    right = [{at for at, concept in enumerate(listed) if word in concept.keywords} for word in words]
    learned = LearnedCaptions([captions(concept, held_out) for concept in listed], SHORT.seed)
    frozen = FrozenCaptions(caption_embeddings(listed, held_out, work / "captions.npy"), SHORT.seed)
    result = {}
    arms: dict[str, Captions] = {"frozen sentence encoder": frozen, "text tower trained from nothing": learned}
    for arm, text_side in arms.items():
        state = train(data, text_side, SHORT, work / "compare.jsonl")
        index = picture_embeddings(state, data, SHORT.size(0))[order]
        queries = learned.eval().embed(names + words) if text_side is learned else embed(names + words, sentence_encoder())
        by_name = first_right(queries[: len(names)], index, [{at} for at in range(len(names))])
        by_word = first_right(queries[len(names) :], index, right)
        result[arm] = {"names": recall(by_name), "held-out keywords": recall(by_word)}
        print(json.dumps({arm: result[arm]}), flush=True)
    return result


def main() -> None:
    """Write `comparison.json` beside this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    torch.set_num_threads(2)
    result = compare(parser.parse_args().work)
    (Path(__file__).parent / "comparison.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
