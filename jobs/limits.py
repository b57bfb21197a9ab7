"""How much may go wrong before a run gives up: a wrong mount or a broken disk must not empty an index."""

from dataclasses import dataclass

from jobs.ledger import Ledger, Outcome
from searchindex.errors import SearchIndexError


class FailureBudgetExceeded(SearchIndexError):
    """More pictures failed than may."""


class PruneLimitExceeded(SearchIndexError):
    """More points would be removed than may be removed at once. Nothing was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Percentages. `failed`: of the pictures that were listed; `deleted`: of the points that the run is responsible for.

    `prune`: whether points are removed whose picture is gone.
    """

    failed: float = 100
    deleted: float = 100
    prune: bool = True

    def check_failed(self, ledger: Ledger) -> None:
        """As soon as it cannot end within the budget any more."""
        failed, total = ledger.counts[Outcome.FAILED], ledger.total or 0
        if failed * 100 > self.failed * total:
            raise FailureBudgetExceeded(
                f"{failed} of {total} pictures failed, more than {self.failed:g} %.",
                hint="The first problems say why; mend them, or raise MAX_FAILED_PERCENT.",
            )

    def check_deleted(self, count: int, *, stored: int) -> None:
        if count * 100 > self.deleted * stored:
            raise PruneLimitExceeded(
                f"{count} of {stored} stored pictures are gone from the source, more than {self.deleted:g} %; nothing was removed.",
                hint="Is the right folder mounted? If so, raise MAX_DELETE_PERCENT for this run.",
            )


NO_LIMITS = Limits()
