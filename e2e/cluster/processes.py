"""Starts the cluster's processes and ends them, and only them: by pid, once /proc has said that the pid is still ours."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.commands import ClusterError, environment
from e2e.cluster.place import Place

GRACE_SECONDS = 20
READY_SECONDS = 120
LOOK_SECONDS = 0.1
LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class Processes:
    """Each has a name; its pid is in `run/NAME.pid`, and its output in `logs/NAME.log`."""

    place: Place

    def pid(self, name: str) -> int | None:
        """Of the process that runs under that name, or None. A pid that another program has by now is not ours."""
        try:
            pid = int(self._file(name).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if str(self.place.root) in command_line(pid) else None

    def start(self, name: str, argv: Sequence[str | Path]) -> None:
        """Nothing, where it runs already."""
        if self.pid(name) is not None:
            return
        pid = spawn([str(each) for each in argv], log=self.place.logs / f"{name}.log")
        self._file(name).write_text(f"{pid}\n")
        while self.pid(name) is None and not gone(pid):  # /proc shows the new words a moment after they are in force
            time.sleep(LOOK_SECONDS)

    def stop(self, name: str) -> None:
        """Ask it to end, wait, insist. Also where a fault test has left it stopped."""
        pid = self.pid(name)
        if pid is not None:
            end(pid)
        self._file(name).unlink(missing_ok=True)

    def require(self, name: str) -> None:
        """ClusterError with the end of its log where it runs no longer."""
        if self.pid(name) is None:
            log = self.place.logs / f"{name}.log"
            said = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-LAST_LINES:])
            raise ClusterError(f"{name} has ended. The end of {log}:\n{said}")

    def wait(self, name: str, asked: Callable[[], object]) -> None:
        """Until what is `asked` of the component raises no ClusterError; with its log as soon as it has ended."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            self.require(name)
            try:
                asked()
            except ClusterError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_SECONDS)
            else:
                return

    def _file(self, name: str) -> Path:
        return self.place.run / f"{name}.pid"


def spawn(argv: list[str], *, log: Path) -> int:
    """Pid of a process that outlives this one, in a session of its own, which writes only to the log."""
    variables = environment()
    program = shutil.which(argv[0], path=variables["PATH"])
    if program is None:
        raise ClusterError(f"{argv[0]} is not installed.")
    files = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    )
    return os.posix_spawn(program, argv, variables, file_actions=files, setsid=True)


def end(pid: int) -> None:
    """SIGTERM, and SIGKILL after the grace period; returns once the process is gone."""
    for signals in ((signal.SIGCONT, signal.SIGTERM), (signal.SIGKILL,)):
        for each in signals:
            try:
                os.kill(pid, each)
            except ProcessLookupError:
                return
        deadline = time.monotonic() + GRACE_SECONDS
        while not gone(pid) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        if gone(pid):
            return


def shims(place: Place) -> Iterator[int]:
    """Pids of what containerd has left behind: one holder a pod, which names our socket."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and f"-address {place.socket}" in command_line(int(entry.name)):
            yield int(entry.name)


def gone(pid: int) -> bool:
    """Whether the process has ended; also where nobody has collected it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state[:1] in {"Z", "X"}


def command_line(pid: int) -> str:
    """Words joined by spaces; empty for a process that is gone, or so young that it has none yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
