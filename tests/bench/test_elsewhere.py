"""An arm in another environment is sampled as any other."""

import sys

from bench.elsewhere import sampler_elsewhere

COUNTING = "import sys\nfor number, _ in enumerate(sys.stdin): print('{\"ms\": [%d]}' % number, flush=True)"


def test_each_sample_is_taken_when_it_is_asked_for():
    """One line is asked, one line is answered: the process has nothing to do in between."""
    sample = sampler_elsewhere([sys.executable, "-c", COUNTING])
    assert [sample(), sample()] == [{"ms": [0]}, {"ms": [1]}]
