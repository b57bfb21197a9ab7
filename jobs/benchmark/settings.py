"""Settings of `python -m jobs benchmark`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from jobs.shared_settings import ModelSettings, StoreSettings
from searchindex.encoders.runtime import RuntimeSettings

Count = Annotated[int, Field(ge=1, le=10_000_000)]


class BenchmarkSettings(RuntimeSettings, ModelSettings, StoreSettings):
    """Each field is read from the variable of its name in capitals."""

    benchmark_seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = Field(
        None, description="Ask for made-up vectors, as `simulate` with this seed would go on; in place of texts, which need a model."
    )
    benchmark_queries: Path | None = Field(None, description="Texts to ask, one a line; by default some of the program's own.")
    benchmark_requests: Count = Field(1000, description="Searches that are timed.")
    benchmark_warm_up: Annotated[int, Field(ge=0, le=1_000_000)] = Field(100, description="Searches before them that are not.")
    benchmark_checked: Count = Field(100, description="Queries whose answers are compared with those of an exact search.")
    benchmark_clients: Annotated[int, Field(ge=1, le=1000)] = Field(1, description="Searches that are under way at once.")
    benchmark_top_k: Annotated[int, Field(ge=1, le=1000)] = Field(10, description="Results of each.")
    benchmark_most_ms: Annotated[float, Field(gt=0)] = Field(50, description="What the 95th percentile may be, in milliseconds.")
    benchmark_least_recall: Annotated[float, Field(ge=0, le=1)] = Field(0.98, description="What the recall must be.")
    benchmark_out: Path | None = Field(None, description="Folder for `benchmark.json` and `benchmark.svg`.")
