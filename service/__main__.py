"""`python -m service`: settings from the environment, one worker."""

import sys

import uvicorn

from searchindex.errors import SearchIndexError
from service.app import create_app
from service.settings import read_settings


def main() -> int:
    """0 after a graceful stop, 3 where the configuration cannot be used."""
    try:
        settings = read_settings()
        app = create_app(settings)
    except SearchIndexError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the first thing a person sees of a wrong configuration
        return 3
    # Forwarded headers are believed by `TRUSTED_PROXIES` alone, so uvicorn must not rewrite the peer's address before.
    uvicorn.run(app, host=settings.api_host, port=settings.api_port, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
