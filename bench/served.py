"""A server on loopback for the overhead benchmark: `python -m bench.served searchindex|echo FOLDER`.

How it ends: `bench.listening`.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, Field

from bench.listening import serve
from bench.vectors import Rows
from cli.workspace import sample_model
from searchindex.encoders.onnx import open_image_encoder
from searchindex.stores.edge import EdgeStore
from service.app import create_app
from service.engine import EngineParts
from service.settings import read_settings


class StubText:
    """An encoder that costs nothing: the vector follows from the text."""

    device = "cpu"

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode_texts(self, texts: Sequence[str]) -> Rows:
        rows = np.stack([np.random.default_rng(list(text.encode())).standard_normal(self.dim) for text in texts])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def searchindex(folder: Path) -> FastAPI:
    """The product with a stub for the text tower. The engine is the real one, and the image tower, loaded where a picture is sent."""
    model = sample_model()
    card = model.card
    parts = EngineParts(
        card=card,
        fingerprint=model.fingerprint,
        store=EdgeStore(folder),
        open_text=lambda: StubText(card.dim),
        open_image=lambda: open_image_encoder(model),
        queue=64,
    )
    return create_app(read_settings(index_path=folder), parts=parts)


class Asked(BaseModel):
    """As much of a search's body as a first version would check."""

    query: str = Field(min_length=1, max_length=512)
    top_k: int = Field(10, ge=1, le=100)


def echo(_folder: Path) -> FastAPI:
    """What anything in FastAPI costs: one route that reads a small model and sends it back."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/search")
    async def search(asked: Asked) -> Asked:
        return asked

    return app


APPS: dict[str, Callable[[Path], FastAPI]] = {"searchindex": searchindex, "echo": echo}


def main(name: str, folder: str) -> None:
    serve(APPS[name](Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
