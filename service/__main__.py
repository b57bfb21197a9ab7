"""`python -m service`: settings from the environment, one worker."""

import sys

from searchindex.errors import SearchIndexError
from service.app import create_app
from service.server import listen, run
from service.settings import read_settings, require_folder
from service.telemetry import set_up_logs


def main() -> int:
    """0 after an orderly end, 3 where the configuration cannot be used."""
    try:
        settings = read_settings()
        require_folder(settings)
        logs_are_set_up = set_up_logs(settings)
        listener = listen(settings.api_host, settings.api_port)
        app = create_app(settings)
    except SearchIndexError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the first thing a person sees of a wrong configuration
        return 3
    run(app, listener, logs_are_set_up=logs_are_set_up)
    return 0


if __name__ == "__main__":
    sys.exit(main())
