"""The table and the page, made from the JSON alone."""

import json

import pytest

from bench.benchmark import Result
from bench.caller import parse_stages
from bench.figures import Figure, Kind
from bench.machine import Machine, parse_processor
from bench.report import NOT_MEASURED, document_of, page_of, table_of

MACHINE = Machine(
    processor="Some CPU", cores=2, memory=8.0, flags=("avx2",), system="Linux x86_64", python="3.11.9", packages={"numpy": "2.4.6"}
)
RATIO = Figure(what="a / b", kind=Kind.RATIO, value=3.14159, low=2.5, high=1234.0)
TIME = Figure(what="a, P50", kind=Kind.MEDIAN, value=0.61234, low=0.5, high=0.7, unit="ms")
DONE = Result(name="one", compares="A against b.", planned=12, quiet=11, figures=(RATIO, TIME))
BUSY = Result(name="two", compares="C against d.", planned=12, quiet=3, figures=())


@pytest.fixture
def document():
    """As it is read back from the file."""
    return json.loads(json.dumps(document_of([DONE, BUSY], MACHINE)))


def test_the_table_names_the_machine_and_every_spread(document):
    """A ratio is marked as one; three digits are kept."""
    table = table_of(document)
    assert "Some CPU, 2 cores, 8.0 GiB" in table
    assert "a / b" in table
    assert "3.14x  2.50x to 1234x" in table
    assert "0.612  0.500 to 0.700" in table


def test_what_was_not_measured_says_so(document):
    """In the table and on the page, with how many rounds were quiet."""
    assert NOT_MEASURED in table_of(document)
    page = page_of(document)
    assert NOT_MEASURED.capitalize() in page
    assert "3 of 12 rounds were quiet." in page


def test_the_page_says_how_it_was_made(document):
    """Command, machine, method; one section a benchmark."""
    page = page_of(document)
    assert "`make bench`" in page
    assert "- Some CPU" in page
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## Machine", "## one", "## two"]
    assert "| a / b | 3.14x |" in page
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


def test_almost_all_is_not_shown_as_all():
    """A recall of 0.9995 keeps its digits."""
    share = Figure(what="recall", kind=Kind.MEDIAN, value=0.9995, low=0.9995, high=1.0)
    done = Result(name="one", compares="A against b.", planned=3, quiet=3, figures=(share,))
    assert "| recall | 0.9995 | 0.9995 to 1.0000 |" in page_of(document_of([done], MACHINE))


def test_nothing_is_shown_as_nothing():
    """No failed search is 0, and not a rounded figure."""
    none = Figure(what="failed", kind=Kind.MEDIAN, value=0.0, low=0.0, high=0.0, unit="searches")
    done = Result(name="one", compares="A against b.", planned=3, quiet=3, figures=(none,))
    assert "| failed, searches | 0 | 0 to 0 |" in page_of(document_of([done], MACHINE))


def test_processor_and_flags():
    """Of the first core; only the flags that engines use; unknown is said."""
    text = "processor : 0\nmodel name : X 9\ncpu family : 25\nmodel : 17\nflags : fpu avx2 fma sse\n\nprocessor : 1\nmodel name : Y\n"
    assert parse_processor(text) == ("X 9 (family 25, model 17)", ("avx2", "fma"))
    assert parse_processor("") == ("unknown", ())


def test_stages_of_a_header():
    """A part without a duration is passed over."""
    assert parse_stages("encode;dur=1.25, miss, total;dur=3.50") == {"encode": 1.25, "total": 3.5}
    assert parse_stages("") == {}
