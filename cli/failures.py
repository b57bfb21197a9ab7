"""Exit statuses, and the one place where an error becomes a line and a status.

0 done · 1 done, but some pictures could not be indexed · 2 what was asked cannot be done as asked · 3 this machine lacks
something: a model, a package, a free port, room on the disk · 130 interrupted
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich.console import Console
from rich.markup import escape

from searchindex.errors import InvalidInput, NotFound, SearchIndexError


class Exit(IntEnum):
    """Documented in `searchindex --help` and docs/cli.md."""

    DONE = 0
    INCOMPLETE = 1
    INVALID = 2
    UNAVAILABLE = 3
    INTERRUPTED = 130


def status_of(error: SearchIndexError) -> Exit:
    return Exit.INVALID if isinstance(error, InvalidInput | NotFound) else Exit.UNAVAILABLE


@contextmanager
def reported() -> Iterator[None]:
    """Errors that a person can act on, as one line on standard error."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        yield
    except SearchIndexError as error:
        errors.print(f"[bold red]error:[/] {escape(error.message)}")
        if error.hint:
            errors.print(f"  {error.hint}", markup=False)
        raise typer.Exit(status_of(error)) from None
    except OSError as error:
        what = f"{error.filename or ''} {error.strerror}.".lstrip()
        errors.print(f"[bold red]error:[/] {escape(what)}")
        raise typer.Exit(Exit.UNAVAILABLE) from None
    except KeyboardInterrupt:
        errors.print("stopped; what was indexed is kept, run it again to go on")
        raise typer.Exit(Exit.INTERRUPTED) from None
