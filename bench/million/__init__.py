"""A collection as large as one likes, by hand: `python -m bench.million`. It takes an hour for a million points on two cores."""
