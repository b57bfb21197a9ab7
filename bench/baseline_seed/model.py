"""Random weights of a card's architecture, for open_clip and as the product's prepared model.

`python -m bench.baseline_seed.model CARD FOLDER`, where torch is. Both servers of a comparison then do the same arithmetic on the
same numbers.
"""

import sys
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file

from jobs.export import export
from searchindex.catalogue import find_card

WEIGHTS, PREPARED = "weights.safetensors", "model"


def main(name: str, folder: str) -> None:
    card = find_card(name)
    torch.manual_seed(0)
    model = open_clip.create_model(card.architecture, load_weights=False)
    weights = Path(folder) / WEIGHTS
    save_file({name: value.contiguous().clone() for name, value in model.state_dict().items()}, weights)
    export(card, Path(folder) / PREPARED, weights=weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
