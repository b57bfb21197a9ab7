"""What a real API server says of every installation that the chart is tried with: nothing, where only the restricted is let in."""

import json

import pytest

from e2e.kubernetes.kubectl import Kubectl
from tests.charts.scenarios import FILES, rendered
from tests.charts.test_scenarios import FOREIGN

CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding")


@pytest.mark.parametrize("scenario", FILES)
def test_the_api_server_takes_it_without_a_warning(scenario: str, namespace: Kubectl) -> None:
    """Its own validation, defaulting and admission. What it does not serve is left out, and named in the output."""
    version = json.loads(namespace.run("version", "-o", "json"))["serverVersion"]["gitVersion"]
    served = namespace.run("api-versions").split()
    judged = []
    for each in rendered(scenario, kubernetes=version.removeprefix("v")):
        if each["apiVersion"].startswith(FOREIGN) and each["apiVersion"] not in served:
            print(f"{each['kind']}: {each['apiVersion']} is not served here, so nobody judged it")  # noqa: T201  # not in silence
            continue
        if each["kind"] not in CLUSTER_WIDE:
            each["metadata"]["namespace"] = namespace.namespace
        judged.append(each)
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": judged})
    namespace.run("apply", "--dry-run=server", "--warnings-as-errors", "-f", "-", given=listed)
