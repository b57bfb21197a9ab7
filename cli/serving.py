"""Serving an embedded index to a browser."""

from rich.console import Console

from cli.searching import settings_of
from cli.workspace import Workspace
from service.app import create_app
from service.server import listen, run


def serve(workspace: Workspace, name: str, *, host: str, port: int) -> None:
    """Serve until interrupted."""
    record = workspace.read(name)
    listener = listen(host, port)
    address = f"http://{host if host != '0.0.0.0' else 'localhost'}:{listener.getsockname()[1]}"  # noqa: S104  # compared, not bound
    app = create_app(settings_of(record, workspace, api_host=host))
    Console().print(f"searchindex serves [bold]{name}[/] at [bold]{address}[/] (Ctrl+C ends it)", highlight=False, soft_wrap=True)
    run(app, listener)
