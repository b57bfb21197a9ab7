"""The plot of text towers is drawn from kept results alone."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.plot import apart, main, series

FIGURES = [
    {"what": "stock, 4 tokens", "unit": "ms", "value": 455.0},
    {"what": "int8, 77 tokens", "unit": "ms", "value": 83.0},
    {"what": "int8, 4 tokens", "unit": "ms", "value": 15.0},
    {"what": "int8, 8 texts of 8 tokens", "unit": "ms", "value": 70.0},
    {"what": "4 tokens: stock / int8", "unit": "", "value": 30.0},
]


def test_only_texts_alone_are_drawn_over_their_length():
    """Ratios, memory and batches are figures of the table, not of the plot."""
    assert series(FIGURES) == {"stock": [(4, 455.0)], "int8": [(4, 15.0), (77, 83.0)]}


def test_no_name_lies_on_another():
    """Arms that end at one height are told apart; the others stay where their lines end."""
    assert apart([50.0, 10.0, 52.0, 51.0]) == [50.0, 10.0, 76.0, 63.0]


def test_a_plot_is_well_formed(tmp_path: Path):
    """Every arm has its line and its name, whatever the machine is called."""
    document = {"machine": {"processor": "A & B <1>", "cores": 2}, "benchmarks": [{"name": "text-tower", "figures": FIGURES}]}
    (tmp_path / "results.json").write_text(json.dumps(document))
    main(str(tmp_path / "results.json"), str(tmp_path / "plot.svg"))
    root = ET.parse(tmp_path / "plot.svg").getroot()  # noqa: S314 # what was just written
    words = [element.text for element in root.iter() if element.text]
    assert {"stock", "int8", "text-tower"} <= set(words)
    assert any("A & B <1>" in word for word in words)
