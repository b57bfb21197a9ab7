"""Dashboards and alerts, declared with the metrics' own constants: what is not counted cannot be asked for. `make generate` writes them."""
