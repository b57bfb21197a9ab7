"""Settings from the environment: one flat variable each. Read once, in `__main__`; a wrong value stops the start with its name."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from searchindex.errors import InvalidInput


class Settings(BaseSettings):
    """Each field is read from the variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    clip_model_name: str = Field("ViT-H-14", description="Architecture of the model, as `searchindex models` lists it.")
    clip_pretrained: str = Field("laion2b_s32b_b79k", description="Which weights of that architecture.")
    clip_vector_dim: Annotated[int, Field(gt=0)] | None = Field(None, description="Checked against the model, where set.")
    clip_threads: Annotated[int, Field(ge=1, le=256)] | None = Field(None, description="Threads of the text encoder.")
    models_path: Path = Field(Path("models"), description="Folder of prepared models.")
    model_path: Path | None = Field(None, description="One prepared model's folder; overrides CLIP_MODEL_NAME.")

    index_path: Path | None = Field(None, description="Folder of an embedded index. Without it, Qdrant is used.")
    qdrant_host: str = Field("localhost", description="Qdrant server.")
    qdrant_port: Annotated[int, Field(ge=1, le=65535)] = Field(6333, description="Its HTTP port.")
    qdrant_grpc_port: Annotated[int, Field(ge=1, le=65535)] = Field(6334, description="Its gRPC port; used for searching.")
    qdrant_collection: str = Field("images", min_length=1, max_length=255, description="Collection, or an alias of one.")
    qdrant_api_key: SecretStr | None = Field(None, description="Qdrant's API key.")
    qdrant_tls: bool = Field(False, description="Speak TLS to Qdrant.")
    qdrant_timeout: Annotated[float, Field(gt=0, le=60)] = Field(1.0, description="Seconds before a search of Qdrant is given up.")
    qdrant_hnsw_ef: Annotated[int, Field(ge=1, le=10_000)] = Field(128, description="HNSW candidates while searching.")

    image_dir: Path | None = Field(None, description="Folder of the pictures; thumbnails and originals are served from it alone.")
    cache_dir: Path | None = Field(None, description="Where thumbnails are kept; a temporary folder by default.")
    image_queries: bool = Field(True, description="Allow searching by a picture; loads the image tower at the first one.")

    api_keys_file: Path | None = Field(None, description="File of hashed API keys; without it the service is open to all.")
    rate_limit_search: str | None = Field(None, description="Requests of one caller, such as `600/minute`; none by default.")
    rate_limit_pictures: str | None = Field(None, description="The same for pictures; a page of results shows fifty.")
    rate_limit_redis_url: SecretStr | None = Field(None, description="Redis that counts for all replicas; else each counts its own.")
    trusted_proxies: str = Field("", description="Networks whose `X-Forwarded-For` is believed, separated by commas.")

    api_host: str = Field("127.0.0.1", description="Address to listen on.")
    api_port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port to listen on; 0 takes a free one.")
    api_workers: Annotated[int, Field(ge=1, le=1)] = Field(1, description="Always 1: a process owns its model. Scale by replicas.")

    search_top_k: Annotated[int, Field(ge=1, le=100)] = Field(10, description="Results where the request does not say.")
    search_score_threshold: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="Least score where the request does not say.")
    search_queue: Annotated[int, Field(ge=1, le=10_000)] = Field(64, description="Queries that may wait for the encoder.")
    redis_enabled: bool = Field(True, description="Use Redis where REDIS_HOST is set.")
    redis_host: str | None = Field(None, description="Redis server for answers; without it they are kept in the process.")
    redis_port: Annotated[int, Field(ge=1, le=65535)] = Field(6379, description="Its port.")
    redis_db: Annotated[int, Field(ge=0, le=1_000_000)] = Field(0, description="Its database.")
    redis_password: SecretStr | None = Field(None, description="Its password.")
    redis_cache_ttl: Annotated[int, Field(ge=1, le=86_400 * 30)] = Field(3600, description="Seconds that an answer is kept.")
    cache_entries: Annotated[int, Field(ge=0, le=10_000_000)] = Field(10_000, description="Answers kept in the process; 0 switches it off.")


def read_settings(**given: Any) -> Settings:
    """From the environment, and before it what is `given`.

    InvalidInput names each variable that is wrong and what it may be, never its value.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = [f"{'_'.join(str(part) for part in fault['loc'][:1]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise InvalidInput("The environment cannot be used. " + "; ".join(wrong) + ".") from None
