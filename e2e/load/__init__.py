"""Searches at a given rate by k6, and what a run of them found: `python -m e2e.load search --target http://127.0.0.1:8000`."""
