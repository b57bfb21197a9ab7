"""helm, as a person calls it: one place for its environment, its namespace and its refusals."""

import os
import subprocess

from e2e.kubernetes.kubectl import Kubectl, Refused


def helm(kubectl: Kubectl, *arguments: str, given: str | None = None, seconds: float = 300) -> "subprocess.CompletedProcess[str]":
    """In the namespace of `kubectl`. Refused with what it says."""
    environment = {**os.environ, **kubectl.environment}
    command = ["helm", "-n", kubectl.namespace, *arguments]
    done = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        raise Refused((done.stderr + done.stdout).strip())
    return done
