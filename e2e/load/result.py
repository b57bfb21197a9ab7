"""The file of a load run: what was asked of what, on which machine, and what came of it."""

from typing import Any

from bench.machine import Machine
from e2e.load.observed import Observed, hit_rate
from e2e.load.options import Options


def result_of(
    options: Options, summary: dict[str, Any], *, seen: tuple[Observed, Observed], machine: Machine, commit: str, k6: str
) -> dict[str, Any]:
    """`summary` is what the script wrote (lib/summary.js); `seen` before and after it."""
    before, after = seen
    return {
        "command": options.command(),
        "script": options.name,
        "commit": commit,
        "machine": machine.as_json(),
        "versions": {"service": after.version, "k6": k6},
        "model": after.model,
        "collection": after.collection,
        "vectors": after.points,
        "cache_hit_rate": {"of the answers": summary["cached_share"], "of /metrics, one replica": hit_rate(before, after)},
        "kept": all(each["kept"] for each in summary["promises"]),
        "load": summary,
    }
