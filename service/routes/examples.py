"""Requests and answers as OpenAPI shows them. A test sends every one of the requests to a service and has it answered."""

from typing import Any

Examples = dict[str, Any]

KEY = "5577006791947779410"

SEARCH: Examples = {
    "words": {"query": "a red heart", "top_k": 5},
    "page": {"query": "animal", "top_k": 20, "offset": 20, "filters": {"category": ["animals-nature", "food-drink"]}},
    "grouped": {"query": "flag", "group_duplicates": True},
    "terms": {"terms": [{"text": "a flower"}, {"text": "red", "weight": 0.5}, {"text": "a drawing", "weight": -0.3}]},
}
SIMILAR: Examples = {"like one": {"key": KEY, "top_k": 5}}
BATCH: Examples = {"two": {"searches": [SEARCH["words"], SEARCH["terms"]]}}
FACETS: Examples = {"of a filter": {"field": "tags", "limit": 10, "filters": {"width": {"gte": 32}}}}

RESULT: Examples = {
    "id": int(KEY),
    "key": KEY,
    "score": 0.281345,
    "metadata": {"file_path": "hearts/red.png", "file_name": "red.png", "width": 128, "height": 128, "category": "hearts"},
}
LAST: Examples = {"total": 1, "latency_ms": 6.214, "cached": False, "explanation": None, "explanation_url": None}
ANSWER: Examples = {"query": "a red heart", "results": [RESULT], **LAST}
COMPOSED: Examples = {
    "query": None,
    "terms": [{"text": "heart", "weight": 1.0}, {"text": "blue", "weight": -0.5}],
    "results": [RESULT | {"parts": [{"term": 0, "weight": 1.0, "score": 0.271}, {"term": 1, "weight": -0.5, "score": 0.041}]}],
    **LAST,
}
BATCHED: Examples = {"answers": [ANSWER, COMPOSED], "latency_ms": 7.031}
COUNTS: Examples = {"field": "category", "counts": {"flags": 268, "food-drink": 131}}
