"""The files of `e2e/cluster/config`, which have to agree with one another and with the command lines."""

import ipaddress
import json
import os
import tomllib
from pathlib import Path

import pytest
import yaml

from e2e.cluster.components import NODE, ORDER, PODS, PORTS, SERVICES, commands
from e2e.cluster.place import HERE, Place
from e2e.cluster.up import CONFIGURED, MANIFESTS, render, rendered

PLACE = Place(root=Path("/state"))
IMAGES = {"pause": "localhost/pause:1", "coredns": "localhost/coredns:1", "traefik": "localhost/traefik:1"}


@pytest.mark.parametrize("source", [*CONFIGURED, *MANIFESTS])
def test_nothing_is_left_to_be_filled_in(source: str) -> None:
    """A name in @...@ that nobody fills in would reach a component as it is."""
    assert "@" not in rendered(PLACE, source, images=IMAGES)


def test_every_file_is_used() -> None:
    """What no component reads is not kept."""
    used = {*CONFIGURED, *MANIFESTS, "qdrant-entrypoint.sh", "redis-entrypoint.sh"}
    assert {file.name for file in (HERE / "config").iterdir()} == used


def test_networks_agree() -> None:
    """The bridge gives addresses of the pods' network, and the name server has one of the services'."""
    bridge = json.loads(rendered(PLACE, "10-bridge.conflist", images=IMAGES))
    given = bridge["plugins"][0]["ipam"]["ranges"][0][0]["subnet"]
    assert ipaddress.ip_network(given).subnet_of(ipaddress.ip_network(PODS))
    kubelet, proxy = (yaml.safe_load(rendered(PLACE, name, images=IMAGES)) for name in ("kubelet.yaml", "proxy.yaml"))
    service = list(yaml.safe_load_all(rendered(PLACE, "coredns.yaml", images=IMAGES)))[-1]
    assert kubelet["clusterDNS"] == [service["spec"]["clusterIP"]]
    assert ipaddress.ip_address(service["spec"]["clusterIP"]) in ipaddress.ip_network(SERVICES)
    assert (proxy["clusterCIDR"], proxy["hostnameOverride"]) == (PODS, NODE)


def test_containerd_and_kubelet_meet_at_one_socket() -> None:
    """Else the node is never ready."""
    containerd = tomllib.loads(rendered(PLACE, "containerd.toml", images=IMAGES))
    kubelet = yaml.safe_load(rendered(PLACE, "kubelet.yaml", images=IMAGES))
    assert containerd["grpc"]["address"] == str(PLACE.socket)
    assert kubelet["containerRuntimeEndpoint"] == PLACE.endpoint


def test_the_ingress_listens_where_the_port_is_checked() -> None:
    """`up` looks whether the port is free before it starts anything."""
    assert f"127.0.0.1:{PORTS['ingress']}," in rendered(PLACE, "traefik.yaml", images=IMAGES)


def test_every_component_names_the_state_directory() -> None:
    """By that a process is recognised as ours, and only then ended."""
    made = commands(PLACE, localkube=PLACE.built / "localkube-1", address="192.0.2.1")
    assert set(made) == set(ORDER)
    assert all(any(str(PLACE.root) in str(word) for word in words) for words in made.values())


def test_a_file_that_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    """A second `up` would otherwise end kube-proxy, which watches its file."""
    place = Place(root=tmp_path)
    place.config.mkdir()
    written = place.config / "proxy.yaml"
    render(place, "proxy.yaml", images=IMAGES)
    os.utime(written, (1, 1))
    render(place, "proxy.yaml", images=IMAGES)
    assert written.stat().st_mtime == 1
    written.write_text("of another version")
    render(place, "proxy.yaml", images=IMAGES)
    assert written.read_text() == rendered(place, "proxy.yaml", images=IMAGES)
