"""open_clip's own models and what they make of texts and pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.tokenizer import SimpleTokenizer
from safetensors.torch import save_file


def save_weights(model: Any, path: Path) -> Path:
    """All of a model's tensors, as a published file has them."""
    save_file({name: value.contiguous().clone() for name, value in model.state_dict().items()}, path)
    return path


def random_model(architecture: str) -> Any:
    """The architecture with random weights, the same in every run."""
    torch.manual_seed(0)
    return open_clip.create_model(architecture, load_weights=False).eval()


def text_vectors(model: Any, texts: list[str]) -> np.ndarray:
    """open_clip's own function over full rows."""
    with torch.inference_mode():
        return model.encode_text(SimpleTokenizer()(texts), normalize=True).numpy()


def image_vectors(model: Any, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return model.encode_image(torch.from_numpy(pixels), normalize=True).numpy()
