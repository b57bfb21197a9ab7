"""What the chart ships: the dashboards, and the rule file."""

from collections.abc import Callable, Mapping

from tools.monitoring import alerting, alerts, controller, indexing, search
from tools.monitoring.grafana import Dashboard, document

DASHBOARDS: tuple[Dashboard, ...] = (search.DASHBOARD, indexing.DASHBOARD, controller.DASHBOARD)
FOLDER = "charts/searchindex/files"


def _written(dashboard: Dashboard) -> Callable[[], str]:
    return lambda: document(dashboard)


FILES: Mapping[str, Callable[[], str]] = {
    **{f"{FOLDER}/dashboards/{each.uid.removeprefix('searchindex-')}.json": _written(each) for each in DASHBOARDS},
    f"{FOLDER}/alerts.yaml": lambda: alerting.document(alerts.GROUPS),
}
