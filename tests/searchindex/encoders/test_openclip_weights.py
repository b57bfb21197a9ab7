"""Whether a file's tensors are a model's, decided by names and shapes alone."""

import pytest

from searchindex.encoders.openclip_weights import unfit

KNOWN = {"text.a": (2, 3), "text.b": (3,), "visual.c": (4,), "logit_scale": ()}
TEXT = {name: shape for name, shape in KNOWN.items() if not name.startswith("visual")}


@pytest.mark.parametrize("given", [KNOWN, KNOWN | {"logit_scale": (1,)}, {name: KNOWN[name] for name in TEXT}])
def test_weights_of_the_model_fit(given):
    """Those of a tower that is not loaded may be there or not, and a scalar may be a row of one."""
    assert unfit(TEXT, KNOWN, given) == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({name: shape for name, shape in KNOWN.items() if name != "text.b"}, "it lacks the tensor text.b"),
        ({"visual.c": (4,)}, "it lacks 3 of its tensors, logit_scale first,"),
        (KNOWN | {"text.more": (1,)}, "it has the tensor text.more too many"),
        (KNOWN | {"text.a": (3, 2)}, "text.a has the shape [3, 2] instead of [2, 3]"),
        (KNOWN | {"x" * 5000: (1,)}, "it has the tensor " + "x" * 77 + "… too many"),
    ],
)
def test_weights_of_another_are_told_by_name(given, said):
    """What is missing, too many or of another shape is named, and never at length."""
    assert unfit(TEXT, KNOWN, given) == said
