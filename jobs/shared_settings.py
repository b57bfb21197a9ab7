"""Settings that several programs have, where the collection is and which model it holds, and how settings are read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from searchindex.errors import InvalidInput

Port = Annotated[int, Field(ge=1, le=65535)]
Settings = TypeVar("Settings", bound=BaseSettings)


class StoreSettings(BaseSettings):
    """Each field is read from the variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    qdrant_host: str = Field("localhost", description="Qdrant server.")
    qdrant_port: Port = Field(6333, description="Its HTTP port.")
    qdrant_grpc_port: Port = Field(6334, description="Its gRPC port; used for indexing.")
    qdrant_collection: str = Field("images", min_length=1, max_length=255, description="Collection.")
    qdrant_api_key: SecretStr | None = Field(None, description="Qdrant's API key.")
    qdrant_tls: bool = Field(False, description="Speak TLS to Qdrant.")
    qdrant_ca_file: Path | None = Field(None, description="Certificate authority to trust, in PEM; the system's by default.")
    qdrant_timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds before one call is given up.")
    qdrant_retry_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        120.0, description="How long a server that does not answer is waited for."
    )


class ModelSettings(BaseSettings):
    """Which model."""

    model_path: Path | None = Field(None, description="One prepared model's folder; overrides CLIP_MODEL_NAME.")
    models_path: Path = Field(Path("models"), description="Folder of prepared models.")
    clip_model_name: str = Field("ViT-H-14", description="Architecture of the model, as `searchindex models` lists it.")
    clip_pretrained: str = Field("laion2b_s32b_b79k", description="Which weights of that architecture.")
    model_fingerprint: str | None = Field(None, description="Where set, no other model than the one of this fingerprint is used.")


class PrepareSettings(ModelSettings):
    """Which model, and for what."""

    keep_weights: bool = Field(False, description="Keep the weights beside the graphs, so that torch can run the model on a GPU.")


def read(kind: type[Settings], given: Mapping[str, Any]) -> Settings:
    """From the environment, and before it what is `given`.

    InvalidInput names each variable that is wrong and what it may be, never its value.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        wrong = [f"{'_'.join(str(part) for part in fault['loc'][:1]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise InvalidInput("The settings cannot be used. " + "; ".join(wrong) + ".") from None
