"""The trace of an indexing run, for its pods and for whatever is said of it. Pure: a run planned again has the same.

This program sends no spans: what takes long is the run, and its pods tell of that. Source: W3C Trace Context, 3.2.
"""

import hashlib

SAMPLED = "01"  # runs are few: each is kept


def traceparent(*, uid: str, revision: int, trigger: str) -> str:
    """The context that the spans of a run's pods belong to: of the SearchIndex of that `uid`, for what asked for the run."""
    digest = hashlib.sha256(f"{uid}/{revision}/{trigger}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-{SAMPLED}"


def trace_id(traceparent: str) -> str:
    """32 hexadecimal digits."""
    return traceparent.split("-")[1]
