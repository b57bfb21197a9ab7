"""The environment variables of the seed: each is understood, and a wrong value of each stops the start with its name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from searchindex.errors import InvalidInput, SearchIndexError
from service.app import create_app, open_model
from service.settings import Settings, read_settings, require_folder

GOOD = {
    "CLIP_MODEL_NAME": "ViT-B-32", "CLIP_PRETRAINED": "openai", "CLIP_VECTOR_DIM": "512", "FORCE_CPU": "true",
    "QDRANT_HOST": "qdrant.search.svc", "QDRANT_PORT": "7333", "QDRANT_GRPC_PORT": "7334", "QDRANT_COLLECTION": "photos",
    "QDRANT_HNSW_EF": "64", "REDIS_HOST": "10.0.0.7", "REDIS_PORT": "6380", "REDIS_DB": "3", "REDIS_ENABLED": "false",
    "REDIS_CACHE_TTL": "60", "API_HOST": "::1", "API_PORT": "9000", "API_WORKERS": "1", "IMAGE_DIR": "pictures",
    "LLM_ENABLED": "true", "LLM_MODEL": "llama-3.3:70b", "OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://[::1]:8080/v1",
    "SEARCH_TOP_K": "20", "SEARCH_SCORE_THRESHOLD": "0.2",
}  # fmt: skip
OF_THE_JOBS = {"QDRANT_HNSW_M": "wrong", "QDRANT_HNSW_EF_CONSTRUCT": "wrong", "INDEX_BATCH_SIZE": "wrong", "INDEX_NUM_WORKERS": "wrong"}
WRONG = [
    ("CLIP_VECTOR_DIM", "-512"), ("CLIP_VECTOR_DIM", "many"), ("FORCE_CPU", "perhaps"), ("QDRANT_HOST", "http://qdrant-7f:6333"),
    ("QDRANT_HOST", "two words"), ("QDRANT_PORT", "65599"), ("QDRANT_PORT", "6333.5"), ("QDRANT_GRPC_PORT", "-6334"),
    ("QDRANT_COLLECTION", "photos/2024"), ("QDRANT_COLLECTION", "x" * 256), ("QDRANT_HNSW_EF", "1e9"), ("REDIS_HOST", "redis://:hunter2@redis"),
    ("REDIS_PORT", "redis"), ("REDIS_DB", "-77"), ("REDIS_ENABLED", "2"), ("REDIS_CACHE_TTL", "-60"), ("REDIS_CACHE_TTL", "1h"),
    ("API_HOST", "0.0.0.0:8000"), ("API_PORT", "70000"), ("API_WORKERS", "8"), ("LLM_ENABLED", "gpt-4"), ("LLM_MODEL", "gpt 4"),
    ("OPENAI_API_KEY", "sk-very secret"), ("OPENAI_API_KEY", "sk-\u00e9"), ("SEARCH_TOP_K", "101"), ("SEARCH_SCORE_THRESHOLD", "nan"),
    ("SEARCH_SCORE_THRESHOLD", "-0.1"), ("OPENAI_BASE_URL", "api.openai.com"), ("OPENAI_BASE_URL", "https://user:hunter2@proxy/v1"),
    ("OPENAI_BASE_URL", "https://proxy/v1?key=hunter2"), ("OPENAI_BASE_URL", "file:///etc/passwd"),
    ("LLM_TIMEOUT", "-77"), ("LLM_CONCURRENCY", "1000"),
]  # fmt: skip


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch):
    def put(values: dict[str, str]) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def test_every_variable_is_understood(environment):
    """Each changes the setting of its name."""
    environment(GOOD)
    settings, defaults = read_settings(), Settings.model_construct()
    for name in GOOD.keys() - {"API_WORKERS"}:
        assert getattr(settings, name.lower()) != getattr(defaults, name.lower()), name
    assert settings.openai_api_key
    assert settings.openai_api_key.get_secret_value() == "sk-1"


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_stops_the_start(environment, name: str, value: str):
    """The message has the name and what it may be, and never the value, which may be a secret."""
    environment({name: value})
    with pytest.raises(InvalidInput, match=f"{name}: .{{15,}}") as caught:
        read_settings()
    assert value not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_empty_variable_is_none(environment):
    """As Compose and charts leave them."""
    environment(dict.fromkeys(GOOD, ""))
    assert read_settings() == Settings()


@pytest.mark.parametrize(("name", "value"), [("CLIP_MODEL_NAME", "ViT-H-41"), ("CLIP_PRETRAINED", "laion3b")])
def test_a_model_that_there_is_not(environment, name: str, value: str):
    """The names of both variables, and the nearest model that there is."""
    environment({name: value})
    with pytest.raises(InvalidInput, match=name) as caught:
        open_model(read_settings())
    assert "Did you mean" in caught.value.hint


def test_a_dimension_that_is_another_models(environment):
    """CLIP_VECTOR_DIM is compared with the model that is there."""
    environment({"CLIP_VECTOR_DIM": "77", "MODEL_PATH": str(Path(__file__).parents[2] / "samples" / "model")})
    with pytest.raises(InvalidInput, match=r"CLIP_VECTOR_DIM is 77, but .* dimensions"):
        open_model(read_settings())


def test_a_folder_that_there_is_not(environment, tmp_path: Path):
    """A typing error in IMAGE_DIR is not found out by broken pictures; a file is no folder either."""
    (tmp_path / "file").touch()
    for wrong in ("missing", "file"):
        environment({"IMAGE_DIR": str(tmp_path / wrong)})
        with pytest.raises(InvalidInput, match="IMAGE_DIR"):
            require_folder(read_settings())
    environment({"IMAGE_DIR": str(tmp_path)})
    require_folder(read_settings())


def test_the_program_stops_at_a_folder_that_there_is_not():
    """`python -m service` exits with 3, as for every wrong setting."""
    variables = {**os.environ, "IMAGE_DIR": "/nowhere/at/all"}
    done = subprocess.run([sys.executable, "-m", "service"], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, "IMAGE_DIR" in done.stderr) == (3, True)


def test_the_variables_of_the_jobs_are_theirs(environment):
    """What belongs to whoever makes and fills the collection is nothing to the service, right or wrong."""
    environment(OF_THE_JOBS)
    assert read_settings() == Settings()
    assert not {name.lower() for name in OF_THE_JOBS} & Settings.model_fields.keys()


def test_secrets_are_shown_nowhere(environment):
    """Neither printed nor as JSON."""
    secrets = {"OPENAI_API_KEY": "hunter2-a", "QDRANT_API_KEY": "hunter2-b", "REDIS_PASSWORD": "hunter2-c"}
    environment(secrets | {"RATE_LIMIT_REDIS_URL": "redis://:hunter2-d@redis"})
    settings = read_settings()
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    with pytest.raises(SearchIndexError) as caught:
        create_app(read_settings(model_path=Path("nowhere")))
    assert "hunter2" not in str(caught.value)


def test_a_key_from_a_file_loses_its_line_feed(environment):
    """Secrets are often written with one, and no header can carry it."""
    environment({"OPENAI_API_KEY": "sk-1\n", "QDRANT_API_KEY": " q-1 \n"})
    settings = read_settings()
    assert settings.openai_api_key
    assert settings.qdrant_api_key
    assert (settings.openai_api_key.get_secret_value(), settings.qdrant_api_key.get_secret_value()) == ("sk-1", "q-1")
