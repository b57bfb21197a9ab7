"""Runs other programs: what they print goes to the log, and a failure says which command, and the end of what it said."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # where nft, runc and conntrack are; not everybody's PATH has it
SHOWN_LINES = 15


class ClusterError(Exception):
    """Something a person can act on: the message says what happened and what to do."""


def run(*argv: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, given: str | None = None) -> str:
    """What the command wrote to standard output. `env` is added to this process's own; `given` goes to standard input.

    ClusterError with the end of its standard error where it fails or is not there.
    """
    command = [str(each) for each in argv]
    try:
        done = subprocess.run(command, env=environment(env), cwd=cwd, input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ClusterError(f"{command[0]} is not installed.") from None
    if done.returncode:
        said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-SHOWN_LINES:])
        raise ClusterError(f"`{' '.join(command)[:200]}` ended with {done.returncode}:\n{said}")
    return done.stdout


def answers(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
    """Whether the command ends well; used for asking, where no is an answer."""
    try:
        run(*argv, env=env)
    except ClusterError:
        return False
    return True


def environment(added: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of this process, with the administrator's programs on the PATH."""
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:{SBIN}", **(added or {})}
