"""Presets are the plan's arithmetic, and hold what was measured and promised."""

import pytest
import yaml

from tests.charts.render import only, pod_of, render
from tools.plan import Inputs, plan
from tools.sizing import PRESETS, ROLLOUT, size_of, values

SEEDS_LIMIT = 6.0  # GiB, of Qdrant with a million pictures
MEASURED_100K = 0.61  # GiB resident: 100,000 x 1,024, int8 and originals in RAM, Qdrant 1.16.3


@pytest.mark.parametrize("name", PRESETS)
def test_all_members_together_have_what_the_plan_counts(name: str) -> None:
    """One arithmetic: the request of all is at least the plan's memory, and not twice as much."""
    preset = PRESETS[name]
    planned = plan(preset.points, Inputs(replicas=preset.copies, originals_on_disk=preset.originals_on_disk))
    size = size_of(preset, Inputs())
    assert planned.memory <= preset.members * size.request <= 2 * planned.memory + preset.members
    assert preset.members * size.limit >= ROLLOUT * planned.memory
    assert preset.members * size.disk >= ROLLOUT * planned.disk


def test_a_million_fits_where_the_first_design_had_it() -> None:
    """Also while another model is rolled out."""
    assert size_of(PRESETS["1m"], Inputs()).limit <= SEEDS_LIMIT


def test_what_was_measured_fits() -> None:
    """With some room."""
    assert size_of(PRESETS["100k"], Inputs()).request >= 1.1 * MEASURED_100K


def test_more_of_anything_is_never_less() -> None:
    """Memory and disk grow with dimension, edges and metadata."""
    for preset in PRESETS.values():
        least = size_of(preset, Inputs(dim=256, m=8, payload=100))
        for more in (Inputs(dim=2048, m=8, payload=100), Inputs(dim=256, m=64, payload=100), Inputs(dim=256, m=8, payload=9000)):
            assert size_of(preset, more).limit >= least.limit
            assert size_of(preset, more).disk >= least.disk


@pytest.mark.parametrize("name", PRESETS)
def test_the_chart_takes_them(name: str) -> None:
    """Every value of a preset is one of the chart, and arrives in the pods."""
    given = yaml.safe_load(values(name))
    manifests = render("searchindex", given)
    qdrant = only(manifests, "StatefulSet", "r-qdrant")
    assert qdrant["spec"]["replicas"] == PRESETS[name].members
    assert pod_of(qdrant)["containers"][0]["resources"] == given["qdrant"]["resources"]
