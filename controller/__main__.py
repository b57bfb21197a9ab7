"""`python -m controller`: settings from the environment, logs in JSON, until SIGTERM."""

import asyncio
import logging
import sys

from pydantic import ValidationError

from controller.instruments import WithResource
from controller.leader import LeaseLost
from controller.program import run
from controller.settings import Settings
from observability.logs import configure
from observability.metrics import Program
from observability.prometheus import PrometheusMeter
from searchindex import __version__


def main() -> int:
    """0 after a signal, 1 after losing the lease, 2 on a wrong setting."""
    try:
        settings = Settings()
    except ValidationError as error:
        for each in error.errors():
            print(f"{str(each['loc'][0]).upper()}: {each['msg']}", file=sys.stderr)  # noqa: T201  # before there is a log
        return 2
    configure(level=settings.log_level, filters=[WithResource()])
    for library in ("kopf", "httpx2"):  # they log every event and every call
        logging.getLogger(library).setLevel(logging.WARNING)
    meter = PrometheusMeter(Program.CONTROLLER, version=__version__)
    try:
        asyncio.run(run(settings, meter))
    except LeaseLost as error:
        print(error, file=sys.stderr)  # noqa: T201  # the last word
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
