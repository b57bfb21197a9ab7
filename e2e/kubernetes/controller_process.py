"""`python -m controller` as a process of this machine: to be killed, restarted and measured."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(slots=True)
class ControllerProcess:
    """Watches `namespaces` alone (empty: all), through `kubeconfig`. `settings`: more environment variables."""

    kubeconfig: Path
    log: Path
    namespaces: str
    name: str = "controller"
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "KUBECONFIG"},
            "KUBECONFIG": str(self.kubeconfig),
            "WATCH_NAMESPACES": self.namespaces,
            "POD_NAMESPACE": self.namespaces.partition(",")[0] or "default",
            "POD_NAME": self.name,
            "HEALTH_HOST": "127.0.0.1",
            "HEALTH_PORT": str(self.port),
            "RESYNC_SECONDS": "10",
            **self.settings,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-m", "controller"], cwd=ROOT, env=environment, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while self.ask("/readyz") != "ok":
            assert self.running, f"the controller ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < end, f"not ready: {self.log.read_text()[-2000:]}"
            time.sleep(0.1)

    def ask(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:  # loopback
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def kill(self) -> None:
        """SIGKILL: no handler of its own runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)

    def stop(self, seconds: float = 15.0) -> int:
        """As Kubernetes ends it; its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(5)
