"""The commands. Each is a thin shell: read options, call a program, print."""

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import demo as demonstration
from cli import doctor as examination
from cli import indexing, searching, serving
from cli.failures import Exit, reported
from cli.workspace import choose_model, default_workspace, prepared
from searchindex import __version__
from searchindex.catalogue import cards, find_card
from searchindex.errors import InvalidInput
from searchindex.models import Precision
from service.key_file import KeyScope, new_key
from service.search import Ask

EPILOG = "Exit status: 0 done, 1 some pictures could not be indexed, 2 wrong input, 3 something is missing, 130 interrupted."
app = typer.Typer(help="Search pictures by what they show.", epilog=EPILOG, no_args_is_help=True, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Name = Annotated[str, typer.Option("--name", "-n", help="Which index.")]
Model = Annotated[str | None, typer.Option("--model", "-m", help="A model of `searchindex models`; the small one by default.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False))  # noqa: T201  # the command's output


@app.command()
def demo(
    images: Annotated[Path | None, typer.Option(help="Index this folder instead of the samples.")] = None,
    once: Annotated[bool, typer.Option(help="Answer one query as JSON and end.")] = False,
    query: Annotated[str, typer.Option(help="The query that --once answers.")] = "red heart",
    port: Port = 8000,
) -> None:
    """Index the sample pictures, search them, and open the page."""
    with reported():
        workspace = default_workspace()
        name = asyncio.run(demonstration.prepare(workspace, images, Console(stderr=True)))
        if once:
            _print_json(asyncio.run(demonstration.answer(workspace, name, query)))
        else:
            serving.serve(workspace, name, host="127.0.0.1", port=port)


@app.command()
def index(
    folder: Annotated[Path, typer.Argument(help="Folder of pictures, searched through all its folders.")],
    name: Name = "images",
    model: Model = None,
    metadata: Annotated[
        Path | None, typer.Option(help="JSON Lines or Parquet with category, title, tags; FOLDER/metadata.jsonl by default.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, max=1024)] = 64,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Threads that decode pictures.")] = 4,
    exif_place: Annotated[bool, typer.Option("--exif-place", help="Store where pictures were taken, as their EXIF says it.")] = False,
    as_json: Json = False,
) -> None:
    """Index a folder of pictures. Run it again to pick up what changed."""
    began = time.monotonic()
    with reported():
        workspace, console = default_workspace(), Console(stderr=True)
        request = indexing.IndexRequest(
            root=folder,
            name=name,
            model=choose_model(model, workspace),
            metadata=metadata,
            batch_size=batch_size,
            workers=workers,
            place=exif_place,
        )
        ledger = asyncio.run(indexing.index_folder(request, workspace, console))
        seconds = time.monotonic() - began
        if as_json:
            _print_json({"index": name, "seconds": round(seconds, 3), **ledger.summary()})
        else:
            indexing.show(ledger, console, seconds=seconds)
    raise typer.Exit(Exit.INCOMPLETE if ledger.problems else Exit.DONE)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What the picture shows.")],
    name: Name = "images",
    top_k: Annotated[int, typer.Option("--top", "-k", min=1, max=100)] = 10,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="Least score of a result.")] = 0.0,
    category: Annotated[list[str] | None, typer.Option(help="Only these categories; may be given several times.")] = None,
    as_json: Json = False,
) -> None:
    """Search an index."""
    with reported():
        if len(query) > 512:  # noqa: PLR2004  # the same bound as POST /search
            raise InvalidInput("The query is longer than 512 characters.")
        workspace = default_workspace()
        settings = searching.settings_of(workspace.read(name), workspace)
        filters = {"category": category} if category else None
        ask = Ask(top_k=top_k, offset=0, score_threshold=threshold, filters=filters)
        answer = asyncio.run(searching.search_once(settings, query, ask))
        _print_json(answer) if as_json else searching.show(answer, Console())


@app.command()
def serve(name: Name = "images", host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve an index: the page, and `POST /search`."""
    with reported():
        serving.serve(default_workspace(), name, host=host, port=port)


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="A model of `searchindex models`.")],
    weights: Annotated[Path | None, typer.Option(help="A local .safetensors file instead of the network.")] = None,
    precision: Annotated[Precision | None, typer.Option(help="Of the text tower; int8 where it can be.")] = None,
    text_only: Annotated[bool, typer.Option("--text-only", help="Leave out the image tower: for processes that answer queries.")] = False,
    keep_weights: Annotated[
        bool, typer.Option("--keep-weights", help="Keep the weights beside it, so that a GPU can run it: ENCODER_RUNTIME=openclip.")
    ] = False,
) -> None:
    """Prepare a model's weights for this machine. Needs the extra [gpu] (torch)."""
    with reported():
        from jobs.export import export as prepare  # noqa: PLC0415  # torch: seconds and gigabytes that no other command needs

        card = find_card(model)
        out = default_workspace().models / card.slug
        made = prepare(card, out, weights=weights, precision=precision, text_only=text_only, keep_weights=keep_weights)
        Console().print(f"prepared {card.name} in {made.folder}", highlight=False, soft_wrap=True)


@app.command()
def models(as_json: Json = False) -> None:
    """The models that can be named."""
    with reported():
        ready = prepared(default_workspace())
        if as_json:
            _print_json([{"name": name, "dim": cards()[name].dim, "ready": ready[name]} for name in ready])
            return
        for name, card in cards().items():
            state = "ready" if ready[name] else "not prepared"
            Console().print(f"[bold]{name}[/]  {card.dim} dimensions, {card.licence}, {state}\n  {card.summary}", highlight=False)


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="Whose key it is; rate limits count by it.")],
    admin: Annotated[bool, typer.Option("--admin", help="It also opens /stats.")] = False,
    as_json: Json = False,
) -> None:
    """Make an API key: the key for its owner, and its line for API_KEYS_FILE."""
    with reported():
        made, line = new_key(name, [KeyScope.ADMIN if admin else KeyScope.SEARCH])
        if as_json:
            _print_json({"key": made, "line": line})
        else:
            Console().print(f"key (shown once):  {made}\nline of the file:  {line}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine has and lacks, and how to get it."""
    with reported():
        findings = examination.examine(default_workspace())
        if as_json:
            _print_json([finding.as_json() for finding in findings])
        else:
            examination.show(findings, Console())
    raise typer.Exit(Exit.DONE if all(finding.good or finding.optional for finding in findings) else Exit.UNAVAILABLE)


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it with the flag
    if wanted:
        print(__version__)  # noqa: T201  # the command's output
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Search pictures by what they show."""


def main() -> None:
    """The entry point of the `searchindex` command."""
    app()


if __name__ == "__main__":
    main()
