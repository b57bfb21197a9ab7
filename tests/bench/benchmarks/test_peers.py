"""Peers of the text tower: their figures from made-up samples, and what keeps them from being measured."""

from bench.benchmarks import peers, text_tower
from bench.catalogue import BENCHMARKS


def test_a_time_stands_beside_its_least_cosine():
    """Slower peers are above one, and the worst of an arm's texts is what is told of its exactness."""
    sample = {"8x1": [20.0], "8x1 cosine": [1.0, 0.999], "resident": [700.0]}
    arms = dict.fromkeys(peers.ARMS, sample) | {"blockwise-4": sample | {"8x1": [30.0], "8x1 cosine": [0.98, 0.96]}}
    figures = {each.what: each.value for each in peers.figures([arms] * 3)}
    assert figures["8 tokens: blockwise-4 / int8"] == 1.5
    assert figures["blockwise-4, 8 tokens: least cosine"] == 0.96
    assert all(f"{arm}, 8 tokens: least cosine" in figures for arm in peers.ARMS)


def test_what_is_to_be_installed_is_said(monkeypatch, tmp_path):
    """With torch and without OpenVINO, the one command that is left to run."""
    (tmp_path / ".done").touch()
    monkeypatch.setattr(text_tower, "TORCH", tmp_path)
    monkeypatch.setattr(peers, "PEERS", tmp_path / "none")
    assert "make bench-peers" in BENCHMARKS["text-tower-peers"].missing()
