"""When a scheduled run is due. Pure; cron expressions are read by cronsim, as Debian's cron reads them."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from searchindex.errors import InvalidInput


def latest_tick(schedule: str, *, time_zone: str, after: datetime, now: datetime) -> datetime | None:
    """The last tick in (after, now]; however many were missed, one run answers them. InvalidInput on a schedule that cannot be read."""
    tick = next(_ticks(schedule, time_zone=time_zone, after=now, reverse=True), None)
    return tick if tick is not None and tick > after else None


def next_tick(schedule: str, *, time_zone: str, now: datetime) -> datetime:
    """The first tick after `now`."""
    return next(_ticks(schedule, time_zone=time_zone, after=now, reverse=False))


def _ticks(schedule: str, *, time_zone: str, after: datetime, reverse: bool) -> CronSim:
    try:
        return CronSim(schedule, after.astimezone(ZoneInfo(time_zone)), reverse=reverse)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput("indexing.timeZone is not a name of the time zone database.", hint="Such as Europe/Berlin.") from error
    except CronSimError as error:
        raise InvalidInput(f"indexing.schedule cannot be read: {error}.", hint='Five fields, such as "0 3 * * *".') from error
