"""The performance of the one-process product, as ratios measured within one run: `python -m bench`."""
