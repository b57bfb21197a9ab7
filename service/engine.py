"""What answers searches: a text tower, a collection built with the same model, and the image tower once it is asked for.

(fingerprint, collection) is one thing: an engine is ready only while both agree, and never answers from another model's vectors.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from observability.meter import NO_METER, Meter
from searchindex.catalogue import ModelCard
from searchindex.collection import CollectionState
from searchindex.errors import CollectionMismatch, SearchIndexError, StoreUnavailable
from searchindex.images.decoder_pool import DecoderPool
from searchindex.models import Fingerprint
from searchindex.ports import ImageEncoder, TextEncoder, VectorStore
from service.encode import QueryEncoder

REFRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineParts:
    """What the composition root hands over. The openers are slow and run in a thread."""

    card: ModelCard
    fingerprint: Fingerprint
    store: VectorStore
    open_text: Callable[[], TextEncoder]
    open_image: Callable[[], ImageEncoder]
    queue: int


class Engine:
    """Starts in the background, so that the process answers probes while a large model loads."""

    def __init__(self, parts: EngineParts, *, meter: Meter = NO_METER) -> None:
        self.parts, self._meter = parts, meter
        self.state: CollectionState | None = None
        self.problem: SearchIndexError | None = StoreUnavailable("The model is being loaded.", hint="Try again in a moment.")
        self._text: QueryEncoder | None = None
        self._image: ImageEncoder | None = None
        self._image_turn = asyncio.Lock()
        self._decoders = DecoderPool(parts.card.image)
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    @property
    def model_loaded(self) -> bool:
        return self._text is not None

    @property
    def waiting(self) -> int:
        return self._text.waiting if self._text else 0

    @property
    def encoded(self) -> Mapping[str, int]:
        """Queries by what became of them."""
        return self._text.outcomes if self._text else {}

    def serving(self) -> CollectionState:
        """The collection to search; raises what stands in the way."""
        if self.problem is not None:
            raise self.problem
        if self.state is None:  # pragma: no cover  # no problem means a state
            raise StoreUnavailable("The collection is not known yet.")
        return self.state

    async def encode_text(self, text: str) -> NDArray[np.float32]:
        """float32 [dim]."""
        if self._text is None:
            raise StoreUnavailable("The model is being loaded.", hint="Try again in a moment.")
        return await self._text.encode(text)

    async def encode_image(self, content: bytes) -> NDArray[np.float32]:
        """float32 [dim] of one picture's bytes, which another process decodes; loads the image tower at the first call."""
        pixels = await self._decoders.pixels(content)
        async with self._image_turn:
            return await asyncio.to_thread(self._encode_image, pixels)

    def _encode_image(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._image is None:
            self._image = self.parts.open_image()
        row: NDArray[np.float32] = self._image.encode_images(pixels[None])[0]
        return row

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._text:
            await self._text.close()
        await asyncio.to_thread(self._decoders.close)
        await self.parts.store.close()

    async def load(self) -> None:
        """Load the text tower and look at the collection, once. Raises ModelUnavailable; a collection's problem is kept."""
        self._text = QueryEncoder(await asyncio.to_thread(self.parts.open_text), queue=self.parts.queue, meter=self._meter)
        await self.refresh()

    async def _keep(self) -> None:
        """Load the model, then compare the collection with it for as long as the process lives."""
        while True:
            try:
                await (self.refresh() if self._text else self.load())
            except SearchIndexError as error:
                self.problem = error
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Look at the collection; the problem, if any, is what readiness and every search will say."""
        try:
            state = await self.parts.store.state()
            self.problem = self._mismatch(state)
            self.state = state
        except SearchIndexError as error:
            self.problem = error

    def _mismatch(self, state: CollectionState | None) -> SearchIndexError | None:
        if state is None:
            return StoreUnavailable("There is no collection yet.", hint="Index some pictures first: searchindex index DIR.")
        if state.fingerprint != self.parts.fingerprint:
            return CollectionMismatch(
                f"The collection {state.name} was built with another model (fingerprint {state.fingerprint}) "
                f"than {self.parts.card.name} (fingerprint {self.parts.fingerprint}).",
                hint="Serve it with the model it was built with, or index again.",
            )
        return None
