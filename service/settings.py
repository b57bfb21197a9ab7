"""Settings from the environment: one flat variable each. Read once, in `__main__`; a wrong value stops the start with its name."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError

from searchindex.encoders.runtime import RuntimeSettings
from searchindex.errors import InvalidInput
from service.setting_types import OPENAI, BaseUrl, CollectionName, HeaderSecret, Host, Word


class Settings(RuntimeSettings):
    """Each field is read from the variable of its name in capitals."""

    clip_model_name: str = Field("ViT-H-14", description="Architecture of the model, as `searchindex models` lists it.")
    clip_pretrained: str = Field("laion2b_s32b_b79k", description="Which weights of that architecture.")
    clip_vector_dim: Annotated[int, Field(gt=0)] | None = Field(None, description="Checked against the model, where set.")
    clip_threads: Annotated[int, Field(ge=1, le=256)] | None = Field(
        None, description="Threads of the text encoder, on the CPU; one per core by default."
    )
    models_path: Path = Field(Path("models"), description="Folder of prepared models.")
    model_path: Path | None = Field(None, description="One prepared model's folder; overrides CLIP_MODEL_NAME.")
    model_fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None = Field(
        None, description="Where set, no other model than the one of this fingerprint is used."
    )

    index_path: Path | None = Field(None, description="Folder of an embedded index. Without it, Qdrant is used.")
    qdrant_host: Host = Field("localhost", description="Qdrant server.")
    qdrant_port: Annotated[int, Field(ge=1, le=65535)] = Field(6333, description="Its HTTP port.")
    qdrant_grpc_port: Annotated[int, Field(ge=1, le=65535)] = Field(6334, description="Its gRPC port; used for searching.")
    qdrant_collection: CollectionName = Field("images", description="Collection, or an alias of one.")
    qdrant_api_key: HeaderSecret | None = Field(None, description="Qdrant's API key.")
    qdrant_tls: bool = Field(False, description="Speak TLS to Qdrant.")
    qdrant_ca_file: Path | None = Field(None, description="Certificate authority to trust, in PEM; the system's by default.")
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

    api_host: Host = Field("127.0.0.1", description="Address to listen on.")
    api_port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port to listen on; 0 takes a free one.")
    api_workers: Annotated[int, Field(ge=1, le=1)] = Field(1, description="Always 1: a process owns its model. Scale by replicas.")

    search_top_k: Annotated[int, Field(ge=1, le=100)] = Field(10, description="Results where the request does not say.")
    search_score_threshold: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="Least score where the request does not say.")
    search_queue: Annotated[int, Field(ge=1, le=10_000)] = Field(64, description="Queries that may wait for the encoder.")
    search_wait_ms: Annotated[float, Field(gt=0, le=60_000)] = Field(
        100.0, description="Milliseconds that a query may wait for the encoder, a quarter once a queue stands; more is refused at once."
    )
    redis_enabled: bool = Field(True, description="Use Redis where REDIS_HOST is set.")
    redis_host: Host | None = Field(None, description="Redis server for answers; without it they are kept in the process.")
    redis_port: Annotated[int, Field(ge=1, le=65535)] = Field(6379, description="Its port.")
    redis_db: Annotated[int, Field(ge=0, le=1_000_000)] = Field(0, description="Its database.")
    redis_password: SecretStr | None = Field(None, description="Its password.")
    redis_cache_ttl: Annotated[int, Field(ge=1, le=86_400 * 30)] = Field(3600, description="Seconds that an answer is kept.")
    log_level: Annotated[str, Field(pattern="^(?i:debug|info|warning|error)$")] = Field(
        "info", description="Least severity that is logged."
    )
    log_format: Literal["json", "console"] | None = Field(
        None, description="How a line of the log looks; by default by whether it goes to a terminal."
    )
    log_slow_ms: Annotated[float, Field(ge=0)] = Field(1000.0, description="Milliseconds from which on a request has a line in the log.")
    log_queries: bool = Field(False, description="Show the words of queries in the log, instead of a hash.")

    cache_entries: Annotated[int, Field(ge=0, le=10_000_000)] = Field(10_000, description="Answers kept in the process; 0 switches it off.")

    llm_enabled: bool = Field(False, description="Let a language model explain results to those who ask for it.")
    llm_model: Word = Field("gpt-4", description="Name of the language model.")
    llm_timeout: Annotated[float, Field(gt=0, le=120)] = Field(20.0, description="Seconds before an explanation is given up.")
    llm_concurrency: Annotated[int, Field(ge=1, le=64)] = Field(2, description="Explanations made at once; eight times as many may wait.")
    openai_api_key: HeaderSecret | None = Field(None, description="Key for OPENAI_BASE_URL, where that needs one.")
    openai_base_url: BaseUrl = Field(OPENAI, description="Server that speaks OpenAI's chat completions; may be your own.")


def require_folder(settings: Settings) -> None:
    """InvalidInput where IMAGE_DIR names none: pictures would be missing on every page, and nobody would know why."""
    if settings.image_dir is not None and not settings.image_dir.is_dir():
        raise InvalidInput(
            "IMAGE_DIR: there is no such folder.", hint="Name the folder that was indexed, or leave it out to serve no pictures."
        )


def read_settings(**given: Any) -> Settings:
    """From the environment, and before it what is `given`.

    InvalidInput names each variable that is wrong and what it may be, never its value.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = [f"{'_'.join(str(part) for part in fault['loc'][:1]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise InvalidInput("The environment cannot be used. " + "; ".join(wrong) + ".") from None
