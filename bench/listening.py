"""Serving an application on a free port of loopback, for as long as whoever started this process wants it."""

import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI

LOOPBACK = "127.0.0.1"


def serve(app: FastAPI) -> None:
    """Prints the port, and ends when standard input does: whoever started this process may die as it likes."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    # Accepted connections inherit the protocol; without it asyncio leaves Nagle's algorithm on, which costs 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((LOOPBACK, 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    server.run(sockets=[listener])


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True
