"""Which cluster is taken, and what is done to it: decided without running anything."""

import pytest

from e2e.target import PUSHED, Command, Sort, choose, exports, preparation, repository


def machine_with(*programs: str):
    """Answers for a machine that has these."""

    def answers(command: Command) -> bool:
        return command[0] in programs

    return answers


@pytest.mark.parametrize(
    ("environment", "programs", "expected"),
    [
        ({"KUBECONFIG": "mine"}, ("docker", "kind"), Sort.GIVEN),
        ({}, ("docker", "kind", "minikube"), Sort.KIND),
        ({}, ("docker", "minikube"), Sort.MINIKUBE),
        ({}, ("kind", "minikube"), Sort.LOCAL),
        ({"KUBECONFIG": ""}, (), Sort.LOCAL),
    ],
)
def test_the_first_that_is_there_is_taken(environment: dict[str, str], programs: tuple[str, ...], expected: Sort) -> None:
    """A cluster that somebody names comes first; kind without an engine is no cluster."""
    assert choose(environment, answers=machine_with(*programs)) is expected


@pytest.mark.parametrize("sort", [Sort.KIND, Sort.MINIKUBE, Sort.LOCAL])
def test_every_image_is_built_and_handed_over(sort: Sort) -> None:
    """And the cluster is started first."""
    commands = preparation(sort, {})
    said = [" ".join(command) for command in commands]
    for target in ("controller", "jobs", "service", "samples"):
        assert any(target in each for each in said)
    assert any(word in said[0] for word in ("create cluster", "start", "up"))


def test_nothing_is_done_to_somebody_s_cluster_unasked() -> None:
    """Images are built and pushed only where a registry is named."""
    assert preparation(Sort.GIVEN, {}) == []
    pushed = preparation(Sort.GIVEN, {PUSHED: "registry.example/search"}, targets=("jobs",))
    assert [command[:2] for command in pushed] == [("docker", "build"), ("docker", "push")]
    assert repository(Sort.GIVEN, {PUSHED: "registry.example/search"}) == "registry.example/search"


def test_a_shell_learns_where_it_is() -> None:
    """KUBECONFIG, ingress and images, quoted."""
    said = exports(Sort.GIVEN, {"KUBECONFIG": "/my files/config", "E2E_INGRESS": "http://192.0.2.7"})
    assert "export KUBECONFIG='/my files/config'" in said
    assert "export E2E_INGRESS=http://192.0.2.7" in said
