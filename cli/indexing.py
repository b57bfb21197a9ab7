"""Indexing for a person: progress on a terminal, a summary, and every picture that could not be used with its reason."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.workspace import IndexRecord, Workspace
from jobs.folder import Folder, sidecar_at
from jobs.index import Indexing, index
from jobs.ledger import Ledger, Outcome
from jobs.shared_settings import read
from jobs.sidecar import annotations_in
from jobs.walk import check_folder
from searchindex.collection import PAYLOAD_SCHEMA, PLACE_SCHEMA, CollectionConfig
from searchindex.encoders.opening import check_runtime, open_image_encoder
from searchindex.encoders.runtime import RuntimeSettings
from searchindex.errors import InvalidInput, NotFound
from searchindex.models import PreparedModel
from searchindex.stores.edge import EdgeStore

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRequest:
    """`metadata`: a sidecar, JSON Lines or Parquet; where None, those that lie in the folder, and in its first-level folders.

    `place`: whether the index is to say where pictures were taken.
    """

    root: Path
    name: str
    model: PreparedModel
    metadata: Path | None = None
    batch_size: int = 64
    workers: int = 4
    place: bool = False


async def index_folder(request: IndexRequest, workspace: Workspace, console: Console) -> Ledger:
    """Index the folder into the embedded engine. NotFound where it holds no picture at all."""
    root = check_folder(request.root)
    _same_as_before(workspace, request, root)
    sources = Folder(root)
    annotations = annotations_in([sidecar_at(request.metadata)] if request.metadata else sources.sidecars())
    folder, model, runtime = workspace.index_folder(request.name), request.model, read(RuntimeSettings, {}).runtime()
    check_runtime(model, runtime)
    store = EdgeStore(folder)
    try:
        schema = PAYLOAD_SCHEMA | PLACE_SCHEMA if request.place else PAYLOAD_SCHEMA
        await store.create(CollectionConfig(name=request.name, dim=model.card.dim, fingerprint=model.fingerprint, schema=schema))
        workspace.write(IndexRecord(name=request.name, root=str(root), model=str(model.folder)))
        with _progress(console) as progress:
            run = Indexing(
                sources=sources,
                store=store,
                encoder=open_image_encoder(model, runtime),
                card=model.card.image,
                annotations=annotations,
                batch_size=request.batch_size,
                workers=request.workers,
                place=request.place,
                progress=progress,
            )
            ledger = await index(run)
        if not ledger.seen:
            raise NotFound(f"There are no pictures in {root}.", hint="Pictures end in .jpg, .jpeg, .png, .webp, .bmp, .tif or .tiff.")
        return ledger
    finally:
        await store.close()


def _same_as_before(workspace: Workspace, request: IndexRequest, root: Path) -> None:
    """One index holds one folder: the pictures of another would count as deleted."""
    if request.name not in workspace.names():
        return
    known = workspace.read(request.name)
    if Path(known.root) != root:
        raise InvalidInput(
            f'The index "{request.name}" holds the pictures of {known.root}.', hint="Give this folder another one: --name NAME."
        )


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Ledger, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    columns = (TextColumn("indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("indexing", total=None)
        yield lambda ledger, total: bar.update(task, completed=ledger.seen, total=total)


def show(ledger: Ledger, console: Console, *, seconds: float) -> None:
    """The summary, and at most 20 problems; `--json` has all of them."""
    counts = ", ".join(f"{ledger.counts[outcome]} {outcome}" for outcome in Outcome if ledger.counts[outcome])
    rate = f", {ledger.encoded / seconds:.0f} pictures/s" if ledger.encoded and seconds else ""
    console.print(f"{counts or 'nothing to do'} in {seconds:.1f} s{rate}", highlight=False)
    for problem in ledger.problems[:SHOWN_PROBLEMS]:
        name = problem.uri.encode("utf-8", "backslashreplace").decode()
        console.print(f"  {problem.outcome} {name}: {problem.message} [{problem.reason}]", markup=False, highlight=False, soft_wrap=True)
    more = len(ledger.problems) - SHOWN_PROBLEMS
    if more > 0:
        console.print(f"  and {more} more; --json lists all of them", highlight=False)
