"""Which addresses may be asked. Whoever writes a list of addresses must not reach with it what only this machine can reach."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Inside these an IPv4 address is hidden, which a router unpacks: RFC 6052 and 8215 (NAT64), 3056 (6to4), 4380 (Teredo).
_WRAPPED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
_PORTS = {"https": 443, "http": 80}
LONGEST = 2048


class RefusedError(PermissionError):
    """The address is not one that may be asked; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`hosts`: names that may be asked, `*.example.org` for all below one, `*` for any. `http`: whether plain HTTP is spoken, too."""

    hosts: Sequence[str]
    http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes. `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def uri(self) -> str:
        return f"{self.host}{self.path}" if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}{self.path}"


def target_of(url: str, rules: Rules) -> Target:
    """RefusedError where scheme, host or port are not allowed. Nothing is looked up."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>'):
        raise RefusedError("it is not a well-formed address")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise RefusedError("it is not a well-formed address") from None
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not rules.http):
        raise RefusedError("only https is spoken" if not rules.http else "only https and http are spoken")
    if parts.username is not None or port not in (None, _PORTS[parts.scheme]):
        raise RefusedError("it names a user, or a port of its own")
    if not host or not any(_matches(host, pattern) for pattern in rules.hosts):
        raise RefusedError("its host is not among URL_HOSTS")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(scheme=parts.scheme, host=host, port=_PORTS[parts.scheme], path=path)


def _matches(host: str, pattern: str) -> bool:
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def is_public(text: str) -> bool:
    """Whether everybody can reach the address: not this machine, its network, a cloud's metadata, or one of them in disguise."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in network for network in _WRAPPED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
