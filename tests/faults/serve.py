"""The whole service in a process of its own, so that its memory is its own: `python -m tests.faults.serve FOLDER`.

FOLDER holds `pictures`, the `store` they are indexed in, and `keys`. The encoders are stand-ins, everything else is the product,
but for a patience that a test can wait for. Prints the port.
"""

import signal
import sys
from pathlib import Path

from searchindex.stores.edge import EdgeStore
from service.app import create_app
from service.http_protocol import PatientProtocol
from service.server import listen, run
from service.settings import Settings
from tests.fakes import FakeTextEncoder
from tests.service.conftest import parts_of

PATIENCE = 1.5  # seconds


def main(folder: Path) -> None:
    settings = Settings(image_dir=folder / "pictures", cache_dir=folder / "thumbnails", api_keys_file=folder / "keys", cache_entries=0)
    app = create_app(settings, parts=parts_of(EdgeStore(folder / "store"), FakeTextEncoder()))
    PatientProtocol.patience = PatientProtocol.unread = PATIENCE
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)  # noqa: T201  # to the test
    run(app, listener)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    main(Path(sys.argv[1]))
