"""What the documents tell people to type on a cluster, typed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.kubernetes.kubectl import Kubectl
from tools.doc_commands import How, checkout, documented, of, run

FOUND = documented()
CLUSTERED = sorted({block.page for block in FOUND if block.how == How.CLUSTER})
NAMESPACE = "photos"


@pytest.fixture
def afterwards(kubectl: Kubectl) -> Iterator[None]:
    """A page removes what it made; where it failed on the way, that is done here."""
    yield
    within = kubectl.within(NAMESPACE)
    if kubectl.get("namespace", NAMESPACE):
        for index in within.list("si"):
            within.merge("si", index["metadata"]["name"], {"metadata": {"finalizers": []}})
        kubectl.run("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", CLUSTERED)
def test_the_commands_of_a_page_work_on_a_cluster(page: str, environment: dict[str, str], afterwards: None, tmp_path: Path) -> None:
    """Documents: every command on a cluster works in the order of its page, and the page leaves nothing behind."""
    config = tmp_path / "kubeconfig"  # a page may change the context
    config.write_bytes(Path(environment["KUBECONFIG"]).read_bytes())
    done = run(of(page, How.CLUSTER, FOUND), at=checkout(tmp_path), environment={**environment, "KUBECONFIG": str(config)})
    assert done.returncode == 0, done.stdout[-3000:]
