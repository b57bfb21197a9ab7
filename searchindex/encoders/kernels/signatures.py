"""Which kernels there are, and the arguments of each in their order: what writes them and what calls them agree on no more.

All rows are float32 unless said otherwise, `rows` and `texts` say how many (`layout.row_words`), `width` is the tower's.
"""

from searchindex.encoders.towers import Activation

HEADS = (16, 32, 64)  # floats of a head for which attention is there

EMBED = ("rows", "ids", "places", "tokens", "positions", "out", "width")
PICK = ("rows", "last", "source", "out", "width")
QUANTIZE = ("rows", "source", "packed", "scales", "width", "steps")
NORMALIZE = (*QUANTIZE, "weight", "bias", "epsilon")
SETTLE = ("rows", "source", "out", "width", "weight", "bias", "epsilon")
PROJECT = ("rows", "source", "weight", "bias", "out", "width", "columns")
MULTIPLY = ("groups", "rows", "row_scales", "weights", "column_scales", "bias", "out", "pairs", "columns")
REMEMBER = ("rows", "slots", "packed", "kept", "width")
ATTEND = ("rows", "places", "texts", "chains", "packed", "kept", "key", "value", "out", "width", "heads")
ATTEND_LAST = ("last", *ATTEND)


def activate(activation: Activation) -> str:
    """The name of the product that activates."""
    return f"activate_{activation.name.lower()}"


def attend(size: int) -> str:
    """The name of the attention for heads of so many floats."""
    return f"attend_{size}"


def attend_last(size: int) -> str:
    """The same, for some rows alone."""
    return f"attend_last_{size}"


ARGUMENTS = {
    "embed": EMBED,
    "pick": PICK,
    "quantize": QUANTIZE,
    "normalize": NORMALIZE,
    "settle": SETTLE,
    "project": PROJECT,
    "multiply": MULTIPLY,
    "accumulate": MULTIPLY,
    "remember": REMEMBER,
    **{activate(activation): MULTIPLY for activation in Activation},
    **{attend(size): ATTEND for size in HEADS},
    **{attend_last(size): ATTEND_LAST for size in HEADS},
}
