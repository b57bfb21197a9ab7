"""The server of the baseline, on loopback: `python -m bench.baseline_seed.server ARCHITECTURE WEIGHTS COLLECTION HTTP GRPC [REDIS]`.

The three last are ports; without the last there is no cache. Prints its own port, and ends when standard input does.
"""

import hashlib
import json
import sys
import time
from typing import Any

import open_clip
import torch
from fastapi import FastAPI
from pydantic import BaseModel, Field
from qdrant_client import AsyncQdrantClient, models
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bench.listening import LOOPBACK, serve

TTL = 3600  # seconds
CONNECTIONS = 20
EF, OVERSAMPLING = 128, 2.0


class Asked(BaseModel):
    """The body of a search."""

    query: str = Field(min_length=1, max_length=512)
    top_k: int = Field(10, ge=1, le=100)
    score_threshold: float = Field(0.0, ge=0, le=1)
    filters: dict[str, Any] | None = None


class Encoder:
    """open_clip as its README shows it."""

    def __init__(self, architecture: str, weights: str) -> None:
        self.model = open_clip.create_model(architecture, load_weights=False)
        open_clip.load_checkpoint(self.model, weights)
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer(architecture)

    def encode(self, text: str) -> list[float]:
        with torch.no_grad():
            features = self.model.encode_text(self.tokenizer([text]))
            features /= features.norm(dim=-1, keepdim=True)
        vector: list[float] = features[0].cpu().numpy().tolist()
        return vector


class Cache:
    """A miss where Redis does not answer."""

    def __init__(self, port: int) -> None:
        self.redis = Redis(host=LOOPBACK, port=port, max_connections=CONNECTIONS, decode_responses=True)

    async def get(self, key: str) -> dict[str, Any] | None:
        try:
            found = await self.redis.get(key)
        except RedisError:
            return None
        return json.loads(found) if found else None

    async def put(self, key: str, answer: dict[str, Any]) -> None:
        try:
            await self.redis.set(key, json.dumps(answer), ex=TTL)
        except RedisError:
            return


def key_of(asked: Asked) -> str:
    facts = {"query": asked.query, "top_k": asked.top_k, "filters": asked.filters}
    return "search:" + hashlib.md5(json.dumps(facts, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def filter_of(filters: dict[str, Any] | None) -> models.Filter | None:
    if not filters:
        return None
    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value=value)) for key, value in filters.items()])


def app_of(encoder: Encoder, qdrant: AsyncQdrantClient, collection: str, cache: Cache | None) -> FastAPI:
    app = FastAPI()
    rescored = models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)

    @app.post("/search")
    async def search(asked: Asked) -> dict[str, Any]:
        began = time.perf_counter()
        key = key_of(asked)
        answer = await cache.get(key) if cache else None
        if cached := answer is not None:
            return {**answer, "cached": cached, "latency_ms": 1000 * (time.perf_counter() - began)}
        found = await qdrant.query_points(
            collection,
            query=encoder.encode(asked.query),
            limit=asked.top_k,
            query_filter=filter_of(asked.filters),
            score_threshold=asked.score_threshold or None,
            search_params=models.SearchParams(hnsw_ef=EF, quantization=rescored),
            with_payload=True,
        )
        results = [{"id": point.id, "score": point.score, "metadata": point.payload} for point in found.points]
        answer = {"query": asked.query, "results": results, "total": len(results)}
        if cache:
            await cache.put(key, answer)
        return {**answer, "cached": cached, "latency_ms": 1000 * (time.perf_counter() - began)}

    return app


def main(architecture: str, weights: str, collection: str, http: str, grpc: str, redis: str = "") -> None:
    qdrant = AsyncQdrantClient(host=LOOPBACK, port=int(http), grpc_port=int(grpc), prefer_grpc=True)
    serve(app_of(Encoder(architecture, weights), qdrant, collection, Cache(int(redis)) if redis else None))


if __name__ == "__main__":
    main(*sys.argv[1:])
