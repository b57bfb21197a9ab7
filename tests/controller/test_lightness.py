"""The controller's image is small and its process light, because it holds no model, no vectors and no gRPC."""

import subprocess
import sys

import pytest

HEAVY = ("fastapi", "grpc", "numpy", "onnxruntime", "PIL", "qdrant_client", "qdrant_edge", "tokenizers", "torch", "uvicorn")
FIND = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*[m for m in sys.argv[2:] if m in sys.modules])"


@pytest.mark.parametrize(
    "module", ["controller.kubernetes", "controller.stores", "controller.observe", "controller.apply", "controller.program"]
)
def test_nothing_heavy_is_imported(module: str) -> None:
    """Not even by what it imports."""
    done = subprocess.run([sys.executable, "-c", FIND, module, *HEAVY], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split() == []
