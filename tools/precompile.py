"""`python tools/precompile.py MODULE...`: compiles what these modules import, and no more; an image's program may not write into it.

By content, without time stamps, so that the same sources make the same files.
"""

import importlib
import py_compile
import sys
from pathlib import Path


def precompile(modules: list[str], *, root: Path) -> int:
    """Import them, and compile what has come from below `root`. Returns how many files that were."""
    for module in modules:
        importlib.import_module(module)
    files = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None)) and file.endswith(".py")}
    ours = sorted(file for file in files if file.is_relative_to(root))
    for file in ours:
        py_compile.compile(str(file), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return len(ours)


if __name__ == "__main__":
    print(precompile(sys.argv[1:], root=Path(sys.prefix)), "files compiled")  # noqa: T201  # for the log of the build
