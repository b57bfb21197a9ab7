"""Settings of `python -m jobs verify`: those of `index`, as it looks at the same things."""

from typing import Any

from pydantic import Field

from jobs.settings import JobSettings, with_one_place
from jobs.shared_settings import read


class VerificationSettings(JobSettings):
    """Each field is read from the variable of its name in capitals."""

    verify_deep: bool = Field(
        default=False, description="Read every picture and every vector, too: a content that changed unnoticed is found."
    )
    verify_repair: bool = Field(default=False, description="Remove what is wrong, index what is missing, and look again.")


def read_verification(given: dict[str, Any]) -> VerificationSettings:
    """InvalidInput says what is wrong."""
    settings = read(VerificationSettings, given)
    with_one_place(settings)
    return settings
