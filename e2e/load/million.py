"""`python -m e2e.load.million`: a large text tower and a million simulated vectors on the cluster, asked through its ingress.

The tower has ViT-H-14's size and random weights, in eight bits: what it costs does not depend on them. The vectors are those of
`jobs simulate`, in the release's own Qdrant, and pass for that tower's. k6 asks for new phrases at each rate in turn; the
times of the stages are the service's own, and one trace of the last run is kept beside them as the witness.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from e2e.kubernetes.kubectl import Kubectl, eventually, variables_of, with_definition
from e2e.kubernetes.release import Release, released
from e2e.kubernetes.samples import CLAIM, pod_on_claim
from e2e.load.asking import ask
from e2e.load.traces import witness
from searchindex.models import read_model

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results"
TORCH = ROOT / ".build/torch/bin/python"
MODEL = ROOT / ".build/million-model"
COLLECTION, ON_CLAIM = "million", "models/large"


def main(arguments: Sequence[str]) -> int:
    """0 once every rate was run, whether or not its promise was kept: the files say."""
    parser = argparse.ArgumentParser(prog="e2e.load.million", description="A million vectors on the cluster, under load.")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rates", type=float, nargs="+", default=[2.0, 5.0, 10.0], help="searches a second, one run each")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--keep", action="store_true", help="write docs/results/load-million-*.json and .html, and million-trace.json")
    asked = parser.parse_args(arguments)
    folder = _model()
    with released(with_definition(variables_of("e2e.target"))) as release:
        _install(release, folder)
        filled = _filled(release, folder, points=asked.points)
        print(json.dumps(filled), flush=True)  # noqa: T201  # how long it took, for whoever waits
        release.wait_for_answers(300)
        for rate in asked.rates:
            ask(release, "search", keep=f"million-{rate:g}" if asked.keep else "", rate=rate, seconds=asked.seconds, expect="nothing")
        found = {"filled": filled, "trace": witness(release)}
    print(json.dumps(found["trace"], indent=2))  # noqa: T201
    if asked.keep:
        (RESULTS / "million-trace.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return 0


def _model() -> Path:
    """Prepared once, where torch is."""
    if not (MODEL / "int8/model.json").exists():
        MODEL.mkdir(parents=True, exist_ok=True)
        subprocess.run([TORCH, "-m", "bench.baseline_seed.towers", "prepare", str(MODEL), "ViT-H-14"], cwd=ROOT, check=True)
    return MODEL / "int8"


def _install(release: Release, folder: Path) -> None:
    _copy(release.kubectl, folder)
    model = {"name": read_model(folder).card.name, "source": "pvc", "pvc": {"claimName": CLAIM, "path": ON_CLAIM}}
    given = release.values
    given["api"] |= {"collection": COLLECTION, "model": model, "pictures": {}, "resources": {"limits": {"memory": "2Gi"}}}
    threads = os.cpu_count()  # to build it soon: nobody searches until it is built, and nothing is built then
    given["qdrant"] = {
        "optimizerThreads": threads,
        "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"memory": "10Gi"}},
    }
    given["tracesSampleRatio"] = 0.05
    release.install_with(given)
    release.kubectl.run("rollout", "status", f"statefulset/{release.name}-qdrant", "--timeout=55s")


def _copy(kubectl: Kubectl, folder: Path) -> None:
    """On to the claim, through a pod."""
    kubectl.apply(pod_on_claim("courier", target="jobs", command=["sleep", "3600"]))
    pod = eventually(lambda: next((each for each in kubectl.list("pods", "job-name=courier") if _running(each)), None), "the courier runs")
    name = pod["metadata"]["name"]
    kubectl.run("exec", name, "--", "mkdir", "-p", f"/data/{ON_CLAIM}")
    for file in sorted(folder.iterdir()):
        Kubectl(kubectl.environment, kubectl.namespace, 300).run("cp", str(file), f"{name}:/data/{ON_CLAIM}/{file.name}")
    kubectl.run("delete", "job", "courier", "--wait=false")


def _running(pod: dict[str, Any]) -> bool:
    return bool(pod["status"].get("phase") == "Running")


def _filled(release: Release, folder: Path, *, points: int) -> dict[str, Any]:
    """What `jobs simulate` says at the end, run as a Job in the cluster."""
    model = read_model(folder)
    store = {"QDRANT_HOST": f"{release.name}-qdrant", "QDRANT_COLLECTION": COLLECTION, "QDRANT_TIMEOUT": "300"}
    key = {"secretKeyRef": {"name": f"{release.name}-qdrant", "key": "api-key"}}
    environment = [*({"name": name, "value": value} for name, value in store.items()), {"name": "QDRANT_API_KEY", "valueFrom": key}]
    asked = ["--points", str(points), "--dim", str(model.card.dim), "--fingerprint", str(model.fingerprint)]
    job = pod_on_claim("fill-million", target="jobs", command=["python", "-m", "jobs", "simulate", *asked])
    job["spec"]["template"]["spec"]["containers"][0]["env"] = environment
    release.kubectl.apply(job)
    eventually(lambda: _succeeded(release.kubectl.get("job", "fill-million")), "the collection is filled", seconds=3600)
    said: dict[str, Any] = json.loads(release.kubectl.run("logs", "job/fill-million", "--tail=1"))
    return said


def _succeeded(job: dict[str, Any] | None) -> bool:
    return bool(job and job.get("status", {}).get("succeeded"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
