"""Arms whose packages are installed in an environment of their own: sampled over the pipes of a process there."""

import atexit
import json
import subprocess
from collections.abc import Sequence

from bench.benchmark import Sampler
from bench.figures import Sample
from bench.stack import ROOT


def sampler_elsewhere(command: Sequence[str]) -> Sampler:
    """Of a process that writes a sample as a line of JSON for each line that it reads, and ends with its input."""
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(process.communicate)  # its input ends, and so does it

    def sample() -> Sample:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the other process has no pipes")
        process.stdin.write("sample\n")
        process.stdin.flush()
        taken: Sample = json.loads(process.stdout.readline())
        return taken

    return sample
