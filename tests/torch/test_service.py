"""The whole service, and the indexing that filled its collection, with towers that torch runs."""

import asyncio
import time

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

import httpx2

from jobs.export import export
from jobs.folder import Folder
from jobs.index import Indexing, index
from searchindex.collection import CollectionConfig
from searchindex.encoders.openclip import OpenClip
from searchindex.encoders.opening import open_image_encoder
from searchindex.errors import InvalidInput
from searchindex.models import Precision
from searchindex.stores.edge import EdgeStore
from service.app import create_app, engine_parts
from service.settings import Settings, read_settings
from tests.golden import tiny
from tests.golden.make import tiny_model
from tests.pictures import folder_of
from tests.torch.references import save_weights

WORDS = "a red cat"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    weights = save_weights(tiny_model(), folder / "tiny.safetensors")
    return export(tiny.CARD, folder / "made", weights=weights, precision=Precision.FP32, keep_weights=True)


@pytest.fixture
def known(monkeypatch):
    """The tiny model's card is one of the catalogue."""
    monkeypatch.setattr("searchindex.models.find_card", lambda _name: tiny.CARD)


async def fill(settings: Settings, model) -> OpenClip:
    """A collection of twelve pictures, in the runtime that the settings ask for."""
    store, encoder = EdgeStore(settings.index_path), open_image_encoder(model, settings.runtime())
    await store.create(CollectionConfig(name="torch", dim=model.card.dim, fingerprint=model.fingerprint))
    pictures = Folder(folder_of(settings.image_dir, 12))
    await index(Indexing(sources=pictures, store=store, encoder=encoder, card=model.card.image, annotations={}))
    await store.close()
    return encoder


async def answers(settings: Settings, parts=None) -> tuple[list[str], list[str], dict]:
    """Paths found by words, paths found by a picture, and /health; once the service is ready."""
    app = create_app(settings, parts=parts)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client,
    ):
        await ready(client)
        words = await client.post("/search", json={"query": WORDS, "top_k": 12})
        picture = settings.image_dir / "dogs" / "0002.png"
        alike = await client.post("/search/image", files={"file": ("a.png", picture.read_bytes(), "image/png")})
        assert (words.status_code, alike.status_code) == (200, 200), (words.text, alike.text)
        found = [[result["metadata"]["file_path"] for result in answer.json()["results"]] for answer in (words, alike)]
        return *found, (await client.get("/health")).json()


async def ready(client) -> None:
    deadline = time.monotonic() + 120
    while (answer := await client.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        assert (await client.get("/livez")).status_code == 200
        await asyncio.sleep(0.1)


def settings_in(folder, model, **changes) -> Settings:
    (folder / "pictures").mkdir(exist_ok=True)
    given = {"model_path": model.folder, "index_path": folder / "store", "image_dir": folder / "pictures", "cache_dir": folder / "cache"}
    return read_settings(**given, **changes)


@pytest.mark.usefixtures("known")
async def test_both_runtimes_answer_from_one_collection(model, tmp_path):
    """What torch has indexed is found by torch and by ONNX Runtime, in the same order, by words and by a picture."""
    torch = settings_in(tmp_path, model, encoder_runtime="openclip", torch_device="cpu")
    assert isinstance(await fill(torch, model), OpenClip)
    assert isinstance(engine_parts(torch).open_text(), OpenClip)
    by_torch = await answers(torch)
    assert by_torch[1][0].endswith("dogs/0002.png")
    assert by_torch[2]["device"] == "cpu"
    assert await answers(settings_in(tmp_path, model, encoder_runtime="onnx")) == by_torch


@pytest.mark.usefixtures("known")
async def test_a_service_that_compiles_is_alive_and_not_ready(model, tmp_path, monkeypatch):
    """A minute at the compiler is neither a model that hangs nor an answer that is late: pods are left alone, and get no searches."""
    settings = settings_in(tmp_path, model, encoder_runtime="openclip", torch_device="cpu")
    await fill(settings, model)
    monkeypatch.setattr("service.engine.STUCK_SECONDS", 0.0)
    warm_up, seen = OpenClip.warm_up, []

    def slow(self, *, batches: int) -> None:
        seen.append(batches)
        time.sleep(0.5)
        warm_up(self, batches=1)

    monkeypatch.setattr(OpenClip, "warm_up", slow)
    monkeypatch.setattr("torch.compile", lambda function, **_: function)
    await answers(settings_in(tmp_path, model, encoder_runtime="openclip", torch_device="cpu", torch_compile="on"))
    assert seen == [8]


@pytest.mark.usefixtures("known")
def test_a_model_without_its_weights_stops_the_start(model, tmp_path):
    """Before a port is opened: what ENCODER_RUNTIME asks for is not there, and how to get it."""
    (tmp_path / "bare").mkdir()
    for file in model.folder.iterdir():
        (tmp_path / "bare" / file.name).write_bytes(file.read_bytes())
    manifest = tmp_path / "bare" / "model.json"
    manifest.write_text(manifest.read_text().replace('"openclip": {', '"other": {'))
    with pytest.raises(InvalidInput, match=r"ENCODER_RUNTIME is openclip: .*--keep-weights"):
        engine_parts(read_settings(model_path=tmp_path / "bare", index_path=tmp_path / "store", encoder_runtime="openclip"))
