"""The words for what was asked and how it ended."""

import pytest

from service.outcomes import Outcome, operation_of, outcome_of


@pytest.mark.parametrize(
    ("status", "problem", "outcome"),
    [
        (200, "", Outcome.OK),
        (304, "", Outcome.OK),
        (404, "not-found", Outcome.INVALID),
        (422, "invalid-filter", Outcome.INVALID),
        (401, "", Outcome.DENIED),
        (403, "", Outcome.DENIED),
        (429, "", Outcome.LIMITED),
        (499, "", Outcome.CANCELLED),
        (0, "", Outcome.CANCELLED),
        (503, "overloaded", Outcome.SHED),
        (503, "store-unavailable", Outcome.UNAVAILABLE),
        (500, "", Outcome.FAILED),
    ],
)
def test_how_a_request_ended(status: int, problem: str, outcome: Outcome):
    """An error budget counts `failed`, `unavailable` and `shed`: what callers do wrong must not be among them."""
    assert outcome_of(status, problem) is outcome


@pytest.mark.parametrize(
    ("route", "operation"),
    [("/search", "search"), ("/search/similar", "search-similar"), ("/images/{key}", "images"), ("/", "page"), ("", "none")],
)
def test_what_was_asked(route: str, operation: str):
    """A label has as many values as there are routes, never one for each key."""
    assert operation_of(route) == operation
