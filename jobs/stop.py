"""Being asked to stop: the batch in hand is finished, what waits is woken, nothing new is begun."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from searchindex.errors import SearchIndexError

Done = TypeVar("Done")


class Interrupted(SearchIndexError):
    """The run was asked to stop. What is done is done; the next run goes on from there."""

    def __init__(self) -> None:
        super().__init__("The run was interrupted.", hint="What was indexed is kept; run it again to go on.")


class Stop:
    """Asked once, by a signal handler on the event loop; looked at between batches."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    def ask(self) -> None:
        self._asked.set()

    def check(self) -> None:
        """Interrupted once it has been asked."""
        if self._asked.is_set():
            raise Interrupted

    async def sleep(self, seconds: float) -> None:
        """Interrupted as soon as it is asked."""
        try:
            await asyncio.wait_for(self._asked.wait(), seconds)
        except TimeoutError:
            return
        raise Interrupted

    async def unless(self, work: Coroutine[Any, Any, Done]) -> Done:
        """What `work` returns; Interrupted as soon as it is asked, and `work` is cancelled."""
        working, asked = asyncio.ensure_future(work), asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise Interrupted
            return working.result()
        finally:
            working.cancel()
            asked.cancel()
