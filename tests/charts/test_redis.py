"""The chart of Redis: a bounded cache behind a password."""

import base64

import pytest

from tests.charts.render import Manifest, Refused, notes, only, pod_of, render


def rendered(**values: object) -> list[Manifest]:
    return render("searchindex/charts/redis", values)


def container(**values: object) -> Manifest:
    found: Manifest = pod_of(only(rendered(**values), "Deployment"))["containers"][0]
    return found


def files(**values: object) -> dict[str, str]:
    found: dict[str, str] = only(rendered(**values), "ConfigMap")["data"]
    return found


def test_it_is_a_cache_and_nothing_else() -> None:
    """512 MB, the longest unused goes first, nothing is written to a disk."""
    lines = files()["redis.conf"].splitlines()
    assert {"maxmemory 512mb", "maxmemory-policy allkeys-lru", 'save ""', "appendonly no"} <= set(lines)


@pytest.mark.parametrize(("kept", "requested", "limit"), [(512, "128Mi", "640Mi"), (64, "64Mi", "80Mi")])
def test_the_container_may_have_a_quarter_more_than_is_kept(kept: int, requested: str, limit: str) -> None:
    """One number says all, and never asks for more than the limit; what is said of resources is kept beside it."""
    found = container(maxMemoryMiB=kept, resources={"requests": {"cpu": "1"}, "limits": {"cpu": "2"}})
    assert f"maxmemory {kept}mb" in files(maxMemoryMiB=kept)["redis.conf"]
    assert found["resources"] == {"requests": {"cpu": "1", "memory": requested}, "limits": {"cpu": "2", "memory": limit}}
    assert container(resources={"limits": {"memory": "1Gi"}})["resources"]["limits"]["memory"] == "1Gi"


def test_the_password_is_a_file_and_nowhere_else() -> None:
    """Neither an environment, nor a command line, nor a ConfigMap holds it; the file is for its reader alone."""
    made = rendered()
    secret = only(made, "Secret", "r-redis")["data"]["password"]
    password = base64.b64decode(secret).decode()
    assert len(password) == 40
    assert "env" not in container()
    rest = str([each for each in made if each["kind"] != "Secret"])
    assert password not in rest
    assert secret not in rest
    volume = next(each for each in pod_of(only(made, "Deployment"))["volumes"] if each["name"] == "auth")
    assert volume["secret"]["defaultMode"] == 0o440


def test_a_secret_that_is_there_is_used_instead() -> None:
    """By its name and key; none is made then. Without a password there is neither, and Redis is told so."""
    auth = {"existingSecret": "mine", "existingSecretKey": "redis-password"}
    volume = next(each for each in pod_of(only(rendered(auth=auth), "Deployment"))["volumes"] if each["name"] == "auth")
    assert volume["secret"]["secretName"] == "mine"
    assert "/etc/redis-auth/redis-password" in files(auth=auth)["start.sh"]
    assert "/etc/redis-auth/redis-password" in files(auth=auth)["ping.sh"]
    assert [each for each in rendered(auth=auth) if each["kind"] == "Secret"] == []
    open_to_all = rendered(auth={"enabled": False})
    assert "redis-auth" not in str(open_to_all)
    assert "protected-mode no" in only(open_to_all, "ConfigMap")["data"]["redis.conf"]


def test_it_goes_nowhere() -> None:
    """A cache has nobody to call: not even names are looked up."""
    policy = only(rendered(), "NetworkPolicy")["spec"]
    assert "egress" not in policy
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == ["redis"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"auth": {"enabled": False, "existingSecret": "mine"}}, "auth.enabled is false"),
        ({"extraConfig": "timeout 60\n  RequirePass secret"}, "a password belongs in auth.existingSecret"),
        ({"extraConfig": "include /somewhere"}, "a password belongs in auth.existingSecret"),
    ],
)
def test_what_contradicts_itself_is_refused_with_a_sentence(values: dict[str, object], sentence: str) -> None:
    """Before anything is installed."""
    with pytest.raises(Refused) as refused:
        rendered(**values)
    assert sentence in str(refused.value)


def test_notes_say_how_to_reach_it_and_what_is_risky() -> None:
    """Where it is, how to read its password; a warning where there is none."""
    assert "r-redis.ns:6379" in notes("searchindex/charts/redis")
    assert "WARNING" in notes("searchindex/charts/redis", {"auth": {"enabled": False}})
