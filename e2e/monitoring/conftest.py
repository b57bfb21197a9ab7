"""Engines for the programs that are looked at."""

from tests.engines import qdrant_server, redis_server

__all__ = ["qdrant_server", "redis_server"]
