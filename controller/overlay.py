"""Lays a person's pod template over ours, as Kubernetes' strategic merge does: lists of named things merge by name. Pure.

Source of the keys: the patch merge keys of core/v1 PodSpec and Container in the Kubernetes API reference.
"""

from typing import Any

from controller.observed import Manifest
from searchindex.errors import InvalidInput

KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}
WHOLE = frozenset({"volumes", "env"})  # one kind out of several: half of one and half of another is neither
APPENDED = frozenset({"envFrom"})


def overlaid(base: Manifest, over: Manifest, *, path: str) -> Manifest:
    """`over` laid over `base`, neither changed; a null says nothing. InvalidInput names the place, below `path`, that cannot be laid."""
    merged = dict(base)
    for name, value in over.items():
        if value is not None:
            merged[name] = _value(name, merged.get(name), value, f"{path}.{name}")
    return merged


def _value(name: str, base: Any, over: Any, path: str) -> Any:
    if name in KEYS:
        return _by_key(name, base or [], over, path)
    if name in APPENDED:
        return [*(base or []), *_items(over, path)]
    if isinstance(base, dict):
        return overlaid(base, _mapping(over, path), path=path)
    return over


def _by_key(name: str, base: list[Manifest], over: Any, path: str) -> list[Manifest]:
    key = KEYS[name]
    merged = {item[key]: item for item in base}
    for item in _items(over, path):
        if not isinstance(item, dict) or not isinstance(item.get(key), str | int):
            raise InvalidInput(f"{path} has an item without {key}.", hint=f"Give every item its {key}.")
        known = merged.get(item[key])
        merged[item[key]] = item if known is None or name in WHOLE else overlaid(known, item, path=f"{path}[{item[key]}]")
    return list(merged.values())


def _items(over: Any, path: str) -> list[Any]:
    if not isinstance(over, list):
        raise InvalidInput(f"{path} is not a list.", hint="Write it as in a Pod.")
    return over


def _mapping(over: Any, path: str) -> Manifest:
    if not isinstance(over, dict):
        raise InvalidInput(f"{path} is not an object.", hint="Write it as in a Pod.")
    return over
