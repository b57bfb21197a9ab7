"""The packages of the extra `gpu`, imported when they are needed: an installation for the CPU has none of them."""

from typing import Any

from searchindex.errors import ModelUnavailable

EXTRA = "pip install 'searchindex[gpu]'"
HINT = f"Run: {EXTRA}; of the images, service-gpu and jobs-gpu have it."


def packages() -> tuple[Any, Any]:
    """open_clip and torch. ModelUnavailable where they are not installed."""
    try:
        import open_clip  # noqa: PLC0415 # as the docstring says
        import torch  # noqa: PLC0415
    except ImportError as error:
        raise ModelUnavailable(f"This needs {error.name or 'torch'}, which is not installed.", hint=HINT) from error
    return open_clip, torch


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
