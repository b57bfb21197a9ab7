"""Which of the service's settings a chart's `api.settings` may hold, and what: read from the settings themselves."""

from typing import Any

from service.settings import Settings

# What the chart sets itself, from its own values, from Secrets, and from what the image and the pod are.
CHARTS_OWN = frozenset(
    {
        *("clip_model_name", "clip_pretrained", "models_path", "model_path", "model_fingerprint"),
        *("index_path", "qdrant_host", "qdrant_port", "qdrant_grpc_port", "qdrant_collection"),
        *("qdrant_api_key", "qdrant_tls", "qdrant_ca_file"),
        *("redis_enabled", "redis_host", "redis_port", "redis_db", "redis_password", "rate_limit_redis_url"),
        *("image_dir", "cache_dir", "api_keys_file", "api_host", "api_port", "api_workers"),
        *("llm_enabled", "openai_api_key"),
    }
)
LEFT_OUT = {"title", "default", "format"}


def service_settings() -> dict[str, Any]:
    """An object of JSON Schema whose properties are the variables."""
    fields = Settings.model_json_schema()["properties"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name.upper(): _of(schema) for name, schema in fields.items() if name not in CHARTS_OWN},
    }


def _of(schema: dict[str, Any]) -> dict[str, Any]:
    """Without null: who does not want a setting leaves it out."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    chosen = schema | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})
    return {key: value for key, value in chosen.items() if key not in LEFT_OUT and not (key == "anyOf" and len(kinds) == 1)}
