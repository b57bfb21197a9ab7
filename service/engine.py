"""What answers searches: a text tower, a collection built with the same model, and the image tower once it is asked for.

(fingerprint, collection) is one thing: an engine is ready only while both agree, and never answers from another model's vectors.
"""

import asyncio
import logging
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
from service.model_thread import model_thread
from service.pace import Pace

log = logging.getLogger(__name__)

REFRESH_SECONDS = 5.0
RETRY_SECONDS = 1.0  # while something stands in the way
STUCK_SECONDS = 10.0  # of one batch; the largest model's takes less than one, on a slow machine a few


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineParts:
    """What the composition root hands over. The openers are slow and run in a thread. `queue` and `wait`: of `QueryEncoder`."""

    card: ModelCard
    fingerprint: Fingerprint
    store: VectorStore
    open_text: Callable[[], TextEncoder]
    open_image: Callable[[], ImageEncoder]
    queue: int
    wait: float = 0.1


@dataclass(frozen=True, slots=True)
class Serving:
    """A collection whose vectors are the model's, and the store that reads this one and no other."""

    state: CollectionState
    store: VectorStore


class Engine:
    """Starts in the background, so that the process answers probes while a large model loads."""

    def __init__(self, parts: EngineParts, *, meter: Meter = NO_METER) -> None:
        self.parts, self._meter = parts, meter
        self.store_answers = False
        self.problem: SearchIndexError | None = StoreUnavailable("The model is being loaded.", hint="Try again in a moment.")
        self._serving: Serving | None = None
        self._text: QueryEncoder | None = None
        self._image: ImageEncoder | None = None
        self._text_thread, self._image_thread = model_thread("encode"), model_thread("encode-image")
        self._image_pace = Pace(wait=0.0, most=1)
        self._decoders = DecoderPool(parts.card.image)
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    @property
    def model_loaded(self) -> bool:
        return self._text is not None

    @property
    def device(self) -> str:
        """Where queries are encoded; `cpu` until the model is loaded."""
        return self._text.device if self._text else "cpu"

    @property
    def waiting(self) -> int:
        return self._text.waiting if self._text else 0

    @property
    def encoded(self) -> Mapping[str, int]:
        """Queries by what became of them."""
        return self._text.outcomes if self._text else {}

    @property
    def stuck(self) -> bool:
        """Whether a model has been at one batch for so long that it hangs, which only a new process can end."""
        busy = self._image_pace.busy_for, self._text.pace.busy_for if self._text else 0.0
        return max(busy) > STUCK_SECONDS

    @property
    def state(self) -> CollectionState | None:
        """Of the collection that was last looked at and is of this model."""
        return self._serving.state if self._serving else None

    def serving(self) -> Serving:
        """What to search; raises what stands in the way."""
        if self.problem is not None:
            raise self.problem
        if self._serving is None:  # pragma: no cover  # no problem means that there is one
            raise StoreUnavailable("The collection is not known yet.")
        return self._serving

    async def encode_text(self, text: str) -> NDArray[np.float32]:
        """float32 [dim]."""
        if self._text is None:
            raise StoreUnavailable("The model is being loaded.", hint="Try again in a moment.")
        return await self._text.encode(text)

    async def encode_image(self, content: bytes) -> NDArray[np.float32]:
        """float32 [dim] of one picture's bytes, which another process decodes; loads the image tower at the first call."""
        pixels = await self._decoders.pixels(content)
        return await asyncio.get_running_loop().run_in_executor(self._image_thread, self._encode_image, pixels)

    def _encode_image(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._image is None:
            self._image = self.parts.open_image()
        with self._image_pace.timed(1):
            row: NDArray[np.float32] = self._image.encode_images(pixels[None])[0]
        return row

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._text:
            await self._text.close()
        for thread in (self._text_thread, self._image_thread):
            thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._decoders.close)
        await self.parts.store.close()

    async def load(self) -> None:
        """Load the text tower and look at the collection, once. Raises ModelUnavailable; a collection's problem is kept."""
        thread, parts = self._text_thread, self.parts
        encoder = await asyncio.get_running_loop().run_in_executor(thread, parts.open_text)
        self._text = QueryEncoder(encoder, thread, queue=parts.queue, wait=parts.wait, meter=self._meter)
        await self.refresh()

    async def _keep(self) -> None:
        """Load the model, then compare the collection with it for as long as the process lives."""
        while True:
            try:
                await (self.refresh() if self._text else self.load())
            except SearchIndexError as error:
                self.problem = error
            except Exception:
                log.exception("looking at the model and the collection failed")
                self.problem = StoreUnavailable("The model or the collection cannot be looked at.", hint="It is in the service's log.")
            await asyncio.sleep(REFRESH_SECONDS if self.problem is None else RETRY_SECONDS)

    async def refresh(self) -> None:
        """Look at the collection; the problem, if any, is what readiness and every search will say."""
        try:
            state = await self._look()
        except SearchIndexError as error:
            self.store_answers, self.problem = False, error
            return
        self.store_answers, self.problem = True, self._mismatch(state)
        if state is not None and self.problem is None:
            self._serving = Serving(state, self.parts.store.at(state.name))

    async def _look(self) -> CollectionState | None:
        """Twice where the first is in vain: a store that was busy for a moment costs no search."""
        try:
            return await self.parts.store.state()
        except StoreUnavailable:
            return await self.parts.store.state()

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
