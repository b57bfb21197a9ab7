"""`python -m service.awaiting`: ends once the model that the settings name is there. For a pod whose volume is being filled by another.

The service itself would end with status 3 instead, and be started again ever more seldom.
"""

import sys
import time
from collections.abc import Callable

from searchindex.errors import ModelUnavailable, SearchIndexError
from service.app import open_model
from service.settings import Settings, read_settings

PAUSE = 2.0  # seconds


def await_model(settings: Settings, *, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Says what is missing whenever that changes. InvalidInput where the model is there and is not the one that was named."""
    told = ""
    while True:
        try:
            open_model(settings)
        except ModelUnavailable as error:
            if str(error) != told:
                told = str(error)
                say(told)
            sleep(PAUSE)
        else:
            return


def main() -> int:
    """0 once it is there, 3 where waiting is of no use."""
    try:
        await_model(read_settings(), say=lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201  # the log of the pod
    except SearchIndexError as error:
        print(error, file=sys.stderr)  # noqa: T201  # likewise
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
