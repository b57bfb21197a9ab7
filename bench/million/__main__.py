"""`python -m bench.million [--points N] [--folder F] [--keep]`: load, build, search beside bare Qdrant, and search while loading.

1. A collection of N structured vectors of 1,024 is loaded and built, by `jobs simulate`, with every core.
   Then the server has one thread for building, as the chart gives it.
2. Its searches: the product's in turn with Qdrant's own client's, with recall of both against an exact search.
3. Another revision, of --candidate points, with vectors on disk and one building thread, is loaded and built while the first is searched.
4. The server starts anew with each collection alone: what is resident after as many searches.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.figures import quantile
from bench.machine import this_machine
from bench.million.arms import Asked, Bare, Product, Row, in_turn, recalls
from bench.million.server import ended, following, resident, restarted, simulate
from jobs.simulation.vectors import BLOCK, Simulation
from tests.engines import QdrantServer, start_qdrant

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results/million.json"
ACTIVE, CANDIDATE, DIM, WARM = "active", "candidate", 1024, 50
LOADED, COLLECTIONS = "loaded.json", "storage/collections"
CHUNK = 20  # searches between two looks at what the other revision is about


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.million", description="A large collection, loaded, searched, and disturbed.")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--candidate", type=int, help="points of the other revision; as many by default")
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--checked", type=int, default=100, help="queries that are compared with an exact search")
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/million", help="where the server's files lie; emptied first")
    parser.add_argument("--leave", action="store_true", help="leave the folder as it is, for --reuse")
    parser.add_argument("--reuse", action="store_true", help="search the collection that is in the folder, in place of loading one")
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    asked = parser.parse_args(arguments)
    shutil.rmtree(asked.folder / COLLECTIONS / CANDIDATE if asked.reuse else asked.folder, ignore_errors=True)
    asked.folder.mkdir(parents=True, exist_ok=True)
    server = start_qdrant(asked.folder)
    try:
        measured = asyncio.run(_measured(server, asked))
    finally:
        server.engine.stop()
        if not asked.leave:
            shutil.rmtree(asked.folder, ignore_errors=True)
    command = " ".join(["python -m bench.million", *arguments])
    document = json.dumps({"command": command, "machine": this_machine().as_json()} | measured, indent=2)
    print(document)
    if asked.keep:
        RESULTS.write_text(document + "\n", "utf-8")
    return 0


async def _measured(server: QdrantServer, asked: argparse.Namespace) -> dict[str, Any]:
    candidate = asked.candidate or asked.points
    loaded = await asyncio.to_thread(_loaded, server, asked)
    rows = list(Simulation(DIM).queries(asked.points // BLOCK + 1, WARM + asked.queries))
    product, bare = Product(server, ACTIVE), Bare(server, ACTIVE)
    await in_turn((product, bare), rows[:WARM])
    ours, theirs = await in_turn((product, bare), rows[WARM:])
    checked = await recalls(product, rows[WARM : WARM + asked.checked], (ours, theirs))
    idle = (await in_turn((product,), rows[WARM:]))[0]
    disturbed = await _disturbed(server, product, rows, candidate)
    await product.close()
    await bare.close()
    memory = [await _alone(server, each, rows) for each in (ACTIVE, CANDIDATE)]
    return {
        "points": asked.points,
        "loaded": loaded,
        "searchindex": _figures(ours) | {"recall@10": checked[0]},
        "qdrant alone": _figures(theirs) | {"recall@10": checked[1]},
        "p95, searchindex / qdrant alone": round(quantile(ours.ms, 0.95) / quantile(theirs.ms, 0.95), 3),
        "idle": _figures(idle),
        "while another revision is": {phase: _beside(each, idle) for phase, each in disturbed.items()},
        "resident MB, vectors in RAM": memory[0],
        f"resident MB, vectors on disk, {candidate} points": memory[1],
    }


def _loaded(server: QdrantServer, asked: argparse.Namespace) -> dict[str, Any]:
    """What its loading said, now or then."""
    summary = asked.folder / LOADED
    if not asked.reuse:
        restarted(server, optimizer_threads=os.cpu_count() or 1)  # nobody searches yet
        summary.write_text(json.dumps(ended(simulate(server, ACTIVE, points=asked.points))), "utf-8")
    restarted(server, optimizer_threads=1)
    said: dict[str, Any] = json.loads(summary.read_text("utf-8"))
    return said


async def _disturbed(server: QdrantServer, product: Product, rows: Sequence[Row], points: int) -> dict[str, Asked]:
    """Searches one after another, filed by what the other revision's program said last."""
    process = simulate(server, CANDIDATE, points=points, flags=("--on-disk", "--build-threads", "1"))
    phases = {"loaded": Asked(), "built": Asked()}
    now, telling = "loaded", asyncio.create_task(asyncio.to_thread(following, process))
    at = 0
    while True:
        chunk = [rows[(at + each) % len(rows)] for each in range(CHUNK)]
        at += CHUNK
        (taken,) = await in_turn((product,), chunk)
        phases[now].ms += taken.ms
        if telling.done():
            said = telling.result()["event"]
            if said == "summary":
                break
            now = "built" if said == "building" else now
            telling = asyncio.create_task(asyncio.to_thread(following, process))
    await asyncio.to_thread(process.wait)
    return {phase: each for phase, each in phases.items() if each.ms}


async def _alone(server: QdrantServer, collection: str, rows: Sequence[Row]) -> dict[str, int]:
    """Resident after a start with no other collection, and after searches."""
    storage = server.engine.folder / COLLECTIONS
    aside = server.engine.folder / "aside"
    others = [path for path in storage.iterdir() if path.name != collection]
    await asyncio.to_thread(server.engine.stop)
    aside.mkdir()
    for path in others:
        path.rename(aside / path.name)
    await asyncio.to_thread(server.engine.start)
    product = Product(server, collection)
    await in_turn((product,), rows)
    found = resident(server)
    await product.close()
    await asyncio.to_thread(server.engine.stop)
    for path in list(aside.iterdir()):
        path.rename(storage / path.name)
    aside.rmdir()
    await asyncio.to_thread(server.engine.start)
    return found


def _figures(asked: Asked) -> dict[str, float]:
    return {"searches": len(asked.ms)} | {f"p{at} ms": round(quantile(asked.ms, at / 100), 3) for at in (50, 95, 99)}


def _beside(asked: Asked, idle: Asked) -> dict[str, float]:
    return _figures(asked) | {"p95 / idle": round(quantile(asked.ms, 0.95) / quantile(idle.ms, 0.95), 3)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
