"""The chart of Redis, alone on a cluster: restricted, behind its password, bounded."""

from collections.abc import Callable

import pytest
import redis

from e2e.charts.helm import Helm
from e2e.kubernetes.kubectl import Kubectl

CHART = "searchindex/charts/redis"
ODD = """a "quoted" \\ $HOME `id` 'pass' #word"""


@pytest.fixture(scope="module")
def warnings(helm: Helm) -> str:
    """Of the first installation."""
    return helm.install("r", CHART, {"maxMemoryMiB": 32})


@pytest.fixture
def client(warnings: str, address: Callable[[str], str], secret: Callable[[str, str], str]) -> "redis.Redis":
    return redis.Redis(address("r-redis"), password=secret("r-redis", "password"), socket_timeout=5, decode_responses=True)


def test_it_is_installed_without_a_warning(warnings: str, namespace: Kubectl) -> None:
    """In a namespace that admits only what is restricted; its pod started once."""
    assert warnings == ""
    (pod,) = namespace.list("pods")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def test_it_answers_with_the_password_only(client: "redis.Redis", address: Callable[[str], str]) -> None:
    """Neither without one nor with another."""
    assert client.ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(address("r-redis"), socket_timeout=5).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(address("r-redis"), password="another", socket_timeout=5).ping()


def test_it_forgets_before_it_is_full(client: "redis.Redis") -> None:
    """Twice what it may keep is written: every write succeeds, and the last one is there."""
    for number in range(64):
        client.set(f"key-{number}", "x" * 2**20)
    assert client.get("key-63") is not None
    assert client.get("key-0") is None
    assert client.info("memory")["used_memory"] <= 32 * 2**20
    assert client.info("persistence")["aof_enabled"] == 0


def test_nobody_reads_the_password_beside_its_file(namespace: Kubectl, client: "redis.Redis", secret: Callable[[str, str], str]) -> None:
    """Neither in the process' environment nor on its command line."""
    seen = namespace.run("exec", "deploy/r-redis", "--", "sh", "-c", "cat /proc/1/cmdline /proc/1/environ")
    assert "redis-server" in seen
    assert secret("r-redis", "password") not in seen


def test_an_upgrade_keeps_the_password(helm: Helm, client: "redis.Redis", secret: Callable[[str, str], str]) -> None:
    """It is made once: clients go on with theirs."""
    before = secret("r-redis", "password")
    assert helm.install("r", CHART, {"maxMemoryMiB": 32, "networkPolicy": {"enabled": False}}) == ""
    assert secret("r-redis", "password") == before
    assert client.ping()


def test_a_password_may_hold_any_character(helm: Helm, namespace: Kubectl, address: Callable[[str], str]) -> None:
    """Quotes, backslashes and dollars of an existing Secret reach Redis as they are."""
    namespace.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "odd"}, "stringData": {"word": ODD}})
    helm.install("odd", CHART, {"maxMemoryMiB": 16, "auth": {"existingSecret": "odd", "existingSecretKey": "word"}})
    assert redis.Redis(address("odd-redis"), password=ODD, socket_timeout=5).ping()
