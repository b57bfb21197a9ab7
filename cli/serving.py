"""Serving an embedded index to a browser."""

import socket

import uvicorn
from rich.console import Console

from cli.searching import settings_of
from cli.workspace import Workspace
from searchindex.errors import StoreUnavailable
from service.app import create_app


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a taken port is found out before the model is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise StoreUnavailable(f"Port {port} on {host} cannot be used: {reason}.", hint=f"Take another: --port {port + 1}.") from None
    return listener


def serve(workspace: Workspace, name: str, *, host: str, port: int) -> None:
    """Serve until interrupted."""
    record = workspace.read(name)
    listener = listen(host, port)
    address = f"http://{host if host != '0.0.0.0' else 'localhost'}:{listener.getsockname()[1]}"  # noqa: S104  # compared, not bound
    app = create_app(settings_of(record, workspace, api_host=host))
    Console().print(f"searchindex serves [bold]{name}[/] at [bold]{address}[/] (Ctrl+C ends it)", highlight=False, soft_wrap=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=10))
    server.run(sockets=[listener])
