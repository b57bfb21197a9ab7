"""The cluster's processes: ours are ended, whatever state they are in; nobody else's is touched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.commands import ClusterError
from e2e.cluster.place import Place
from e2e.cluster.processes import Processes, end, gone

# Ends by a handler, as the components do; without one the kernel ends even what is suspended.
ORDERLY = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """With folders, and nothing left running at the end."""
    place = Place(root=tmp_path)
    place.run.mkdir()
    place.logs.mkdir()
    processes = Processes(place)
    yield processes
    processes.stop("sleeper")


def sleeper(processes: Processes, code: str = "import time; time.sleep(600)") -> tuple[str, ...]:
    """A command that names the state directory, as every component's does."""
    return (sys.executable, "-c", code, str(processes.place.root))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, as the cluster does")
class TestProcesses:
    def test_started_once(self, processes: Processes) -> None:
        """A second `up` leaves alone what runs."""
        processes.start("sleeper", sleeper(processes))
        first = processes.pid("sleeper")
        processes.start("sleeper", sleeper(processes))
        assert first is not None
        assert processes.pid("sleeper") == first

    def test_stopped_even_when_suspended(self, processes: Processes) -> None:
        """What a fault test has left suspended is ended too, and its pid file goes."""
        processes.start("sleeper", sleeper(processes, ORDERLY))
        processes.wait("sleeper", lambda: _said(processes, "ready"))
        pid = processes.pid("sleeper")
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        processes.stop("sleeper")
        assert gone(pid)
        assert list(processes.place.run.iterdir()) == []

    def test_a_pid_that_another_program_has_by_now_is_spared(self, processes: Processes) -> None:
        """After a restart of the machine a pid file names a stranger."""
        with subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE) as stranger:
            (processes.place.run / "sleeper.pid").write_text(f"{stranger.pid}\n")
            assert processes.pid("sleeper") is None
            processes.stop("sleeper")
            assert stranger.poll() is None
            stranger.communicate(b"\n")

    @pytest.mark.parametrize("left", ["", "half", "99999999\n"])
    def test_a_pid_file_cut_short_is_no_process(self, processes: Processes, left: str) -> None:
        """`up` may have been killed while it wrote one."""
        (processes.place.run / "sleeper.pid").write_text(left)
        assert processes.pid("sleeper") is None

    def test_one_that_has_ended_is_reported_with_its_last_words(self, processes: Processes) -> None:
        """Nobody has to search for the log of a component that did not start."""
        processes.start("sleeper", sleeper(processes, "raise SystemExit('port 2379 is taken')"))
        with pytest.raises(ClusterError, match="port 2379 is taken"):
            processes.wait("sleeper", _never)

    def test_one_that_is_not_ready_is_asked_again(self, processes: Processes) -> None:
        """A component needs a moment before it answers."""
        processes.start("sleeper", sleeper(processes))
        asked: list[int] = []
        processes.wait("sleeper", lambda: _third_time(asked))
        assert len(asked) == 3

    def test_what_is_gone_already_needs_no_ending(self) -> None:
        """A process may end between the look and the signal."""
        end(99999999)


def _said(processes: Processes, word: str) -> None:
    if word not in (processes.place.logs / "sleeper.log").read_text():
        raise ClusterError("not yet")


def _never() -> None:
    raise ClusterError("not yet")


def _third_time(asked: list[int]) -> None:
    asked.append(1)
    if len(asked) < 3:
        raise ClusterError("not yet")
