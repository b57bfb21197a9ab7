"""Packages that not every installation has."""

from collections.abc import Iterator
from contextlib import contextmanager

from searchindex.errors import InvalidInput


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around an import: a package that is missing is InvalidInput, which names the extra that brings it."""
    try:
        yield
    except ImportError as error:
        raise InvalidInput(f"The package {error.name} is not installed.", hint=f"pip install 'searchindex[{name}]'") from None
