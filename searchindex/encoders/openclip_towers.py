"""open_clip's text towers taken apart, where they are of the plain kind that graphs can be built of."""

from typing import Any

import numpy as np

from searchindex.catalogue import ModelCard
from searchindex.encoders.clip_vocabulary import START_OF_TEXT
from searchindex.encoders.openclip_model import cuts_exactly
from searchindex.encoders.openclip_packages import packages
from searchindex.encoders.towers import Activation, Block, Floats, Linear, Norm, TextTower


def read_text_tower(card: ModelCard, model: Any) -> TextTower | None:
    """Views of the model's own weights; None where a part of the tower is of another kind than those known here.

    What is built of the result is compared with the model before it is published, so a part that was overlooked costs an error
    at export, never a wrong vector.
    """
    tower = getattr(model, "text", model)
    blocks = list(getattr(getattr(tower, "transformer", None), "resblocks", []))
    causal, last = cuts_exactly(model), getattr(tower, "pool_type", None) == "last" and getattr(tower, "attn_mask", None) is None
    activation = _activation(blocks[0]) if blocks else None
    if not (causal or last) or activation is None or not all(map(_plain, blocks)) or tower.text_projection is None:
        return None
    return TextTower(
        tokens=_floats(tower.token_embedding.weight),
        positions=_floats(tower.positional_embedding),
        blocks=tuple(map(_block, blocks)),
        norm=_norm(tower.ln_final),
        projection=_projection(tower.text_projection),
        heads=blocks[0].attn.num_heads,
        activation=activation,
        causal=causal,
        pools_at_end=causal,
        start=START_OF_TEXT if causal and card.text.tokenizer == "clip" else None,
    )


def _plain(block: Any) -> bool:
    _, torch = packages()
    parts = {name: type(part).__name__ for name, part in block.named_children()}
    expected = {"ln_1", "attn", "ls_1", "ln_2", "mlp", "ls_2"}
    scaled = {parts.get("ls_1"), parts.get("ls_2")} - {"Identity"}
    return parts.keys() == expected and not scaled and isinstance(block.attn, torch.nn.MultiheadAttention)


def _activation(block: Any) -> Activation | None:
    layer: Any = getattr(block.mlp, "gelu", None)
    if type(layer).__name__ == "QuickGELU":
        return Activation.QUICK_GELU
    if type(layer).__name__ != "GELU":
        return None
    return Activation.GELU if layer.approximate == "none" else Activation.GELU_TANH


def _block(block: Any) -> Block:
    return Block(
        norm_1=_norm(block.ln_1),
        qkv=Linear(_floats(block.attn.in_proj_weight), _floats(block.attn.in_proj_bias)),
        out=_linear(block.attn.out_proj),
        norm_2=_norm(block.ln_2),
        grow=_linear(block.mlp.c_fc),
        shrink=_linear(block.mlp.c_proj),
    )


def _norm(layer: Any) -> Norm:
    return Norm(_floats(layer.weight), _floats(layer.bias), layer.eps)


def _linear(layer: Any) -> Linear:
    weight = _floats(layer.weight)
    return Linear(weight, np.zeros(len(weight), np.float32) if layer.bias is None else _floats(layer.bias))


def _projection(projection: Any) -> Linear:
    """open_clip has it as a layer, or as a matrix [width, dim]."""
    if callable(projection):
        return _linear(projection)
    weight = _floats(projection).T
    return Linear(weight, np.zeros(len(weight), np.float32))


def _floats(tensor: Any) -> Floats:
    floats: Floats = tensor.detach().cpu().float().numpy()
    return floats
