"""A whole service over the real embedded engine, with stand-in encoders."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from jobs.folder import Folder
from jobs.index import Indexing, index
from searchindex.catalogue import find_card
from searchindex.collection import CollectionConfig
from searchindex.models import Fingerprint
from searchindex.stores.edge import EdgeStore
from service.app import create_app
from service.engine import EngineParts
from service.settings import Settings
from service.telemetry import Telemetry
from tests.fakes import DIM, FakeImageEncoder, FakeTextEncoder
from tests.pictures import folder_of
from tests.service.key_samples import clock, file, keys, lasting_keys

__all__ = ["clock", "file", "keys", "lasting_keys"]  # fixtures

CARD = find_card("ResNet10-MiniLM")
COUNT = 40


class Running:
    """A started service: its client, its text encoder, and the folder of its pictures."""

    def __init__(self, client: httpx2.AsyncClient, encoder: FakeTextEncoder, root: Path, app) -> None:
        self.client, self.encoder, self.root, self.app = client, encoder, root, app


async def fill(store: EdgeStore, root: Path, *, fingerprint: str = "f") -> None:
    await store.create(CollectionConfig(name="test", dim=DIM, fingerprint=fingerprint))
    await index(Indexing(sources=Folder(root), store=store, encoder=FakeImageEncoder(), card=CARD.image, annotations={}))


@asynccontextmanager
async def started(
    settings: Settings, parts: EngineParts, telemetry: Telemetry | None = None
) -> AsyncIterator[tuple[httpx2.AsyncClient, object]]:
    """The application after its start-up, until it is ready or says why not."""
    app = create_app(settings, parts=parts, telemetry=telemetry)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        for _ in range(500):
            answer = await client.get("/readyz")
            if answer.status_code == 200 or "being loaded" not in answer.text:
                break
            await asyncio.sleep(0.01)
        yield client, app


def parts_of(store: EdgeStore, encoder: FakeTextEncoder, *, fingerprint: str = "f", queue: int = 8) -> EngineParts:
    return EngineParts(
        card=CARD,
        fingerprint=Fingerprint(fingerprint),
        store=store,
        open_text=lambda: encoder,
        open_image=FakeImageEncoder,
        queue=queue,
    )


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `pictures` and the `store` that they are indexed in; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("indexed")

    async def make() -> None:
        store = EdgeStore(folder / "store")
        await fill(store, folder_of(folder / "pictures", COUNT))
        await store.close()

    asyncio.run(make())
    return folder


def copy(source: Path, target: Path) -> None:
    """As `cp` does it: the engine's files are sparse, and copied whole they are 200 MB."""
    subprocess.run(["cp", "-r", "--sparse=always", f"{source}/.", target], check=True)  # noqa: S603, S607  # a tool of every system


@pytest.fixture
async def service(tmp_path: Path, indexed: Path) -> AsyncIterator[Running]:
    await asyncio.to_thread(copy, indexed, tmp_path)
    store, encoder, root = EdgeStore(tmp_path / "store"), FakeTextEncoder(), tmp_path / "pictures"
    settings = Settings(image_dir=root, cache_dir=tmp_path / "thumbnails")
    async with started(settings, parts_of(store, encoder)) as (client, app):
        yield Running(client, encoder, root, app)
