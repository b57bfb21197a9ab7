"""Settings of `python -m jobs simulate`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from jobs.shared_settings import StoreSettings


class SimulationSettings(StoreSettings):
    """Each field is read from the variable of its name in capitals."""

    simulate_points: Annotated[int, Field(ge=1, le=100_000_000)] = Field(1_000_000, description="How many made-up pictures.")
    simulate_dim: Annotated[int, Field(ge=2, le=65_536)] = Field(1024, description="Components of a vector.")
    simulate_seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(7, description="What all vectors follow from.")
    simulate_uniform: bool = Field(
        default=False, description="Independent directions, in which no index finds neighbours, as there are none."
    )
    simulate_fingerprint: Annotated[str, Field(max_length=64)] = Field(
        "", description="Which model the vectors pass for, so that a service of that model searches them; by default, of none."
    )
    simulate_batch: Annotated[int, Field(ge=1, le=100_000)] = Field(10_000, description="Points that are made at once.")
    simulate_parallel: Annotated[int, Field(ge=1, le=32)] = Field(3, description="Batches that are under way at once.")
    simulate_on_disk: bool = Field(default=False, description="Keep the original vectors on disk; the int8 copies stay in RAM.")
    simulate_build_threads: Annotated[int, Field(ge=0, le=256)] = Field(
        0, description="Threads that build the graph; fewer than there are cores while other collections are searched. 0: Qdrant's choice."
    )
    simulate_build: bool = Field(default=True, description="Build the graph afterwards, and wait for it.")
    simulate_folder: Path | None = Field(None, description="An empty folder: fill the embedded engine there, in place of a server.")
