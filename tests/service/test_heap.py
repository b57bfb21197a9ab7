"""What collections of garbage look at, in processes of their own: it cannot be taken back."""

import subprocess
import sys
from pathlib import Path

LEFT_OUT = """
import gc, weakref
from service.heap import freeze_heap
class Node: pass
def cycle():
    node = Node()
    node.itself = node
    return weakref.ref(node)
before = cycle()
freeze_heap()
after = cycle()
gc.collect()
print(before() is None, after() is None, gc.get_freeze_count() > 1_000)
"""
SERVED = """
import gc, sys
from pathlib import Path
from service.app import engine_parts
from service.settings import read_settings
parts = engine_parts(read_settings(model_path=Path(sys.argv[1]), index_path=Path(sys.argv[2])))
assert not gc.get_freeze_count()
parts.open_text()
print(gc.get_freeze_count() > 10_000)
"""


def printed(program: str, *arguments: Path) -> str:
    return subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  # our own program


def test_what_is_garbage_is_collected_all_the_same():
    """Before, and of what comes later; what is there is left out."""
    assert printed(LEFT_OUT) == "True True True"


def test_a_process_that_serves_leaves_out_what_it_has_loaded(tmp_path: Path):
    """Or each full collection keeps every request waiting for the time of all modules, routes and words of the model."""
    model = Path(__file__).parents[2] / "samples" / "model"
    assert printed(SERVED, model, tmp_path) == "True"
