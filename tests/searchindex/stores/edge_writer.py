"""Run as a program: write one batch after another into the folder given, and say after each that it is durable."""

import asyncio
import sys
from pathlib import Path

from searchindex.stores.edge import EdgeStore
from tests.searchindex.stores.samples import CONFIG, fan

BATCH = 20


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(folder: Path, *, start: int) -> None:
    store = EdgeStore(folder)
    say("begun")
    await store.create(CONFIG)
    for first in range(start, start + 100_000, BATCH):
        await store.upsert(fan(range(first, first + BATCH), payload={"category": "cat"}))
        say(str(first + BATCH))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), start=int(sys.argv[2])))
