"""Engines for the live programs."""

from tests.engines import qdrant_server, redis_server

__all__ = ["qdrant_server", "redis_server"]
