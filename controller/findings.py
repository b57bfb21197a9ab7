"""What a plan found out, for the status to be written from. Values only."""

from dataclasses import dataclass

from controller.plan_revisions import Obstacle, Revisions
from controller.plan_runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`drift`: what differs and is only reported; `deleting`: what the deletion waits for; None where it is not being deleted."""

    obstacle: Obstacle | None = None
    revisions: Revisions | None = None
    run: Run | None = None
    drift: str = ""
    optimized: bool = False
    suspended: bool = False
    disabled: bool = False
    deleting: str | None = None
