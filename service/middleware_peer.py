"""Whose request it is, where no key says so: the peer's address, or the one that trusted proxies vouch for."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from searchindex.errors import InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_HOPS = 20  # a chain of proxies is short; a header may be 64 KB
SUBSCRIBER = 64  # bits of an IPv6 address that its holder cannot choose (RFC 6177)


def networks(text: str) -> tuple[Network, ...]:
    """`10.0.0.0/8, 192.0.2.7` as networks; InvalidInput names the one that is none."""
    found: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError as error:
            raise InvalidInput(f"TRUSTED_PROXIES: {error}.", hint="Networks such as 10.1.0.0/16, separated by commas.") from None
    return tuple(found)


def client_of(scope: Scope, *, trusted: Iterable[Network]) -> str:
    """The caller as the name of a counter: an IPv4 address, an IPv6 network of 64 bits, or `unknown`.

    `X-Forwarded-For` is believed from a trusted peer alone, and from its right end on: each proxy adds who asked it there, and all
    to the left of the first address that is not a trusted proxy's may be made up by the caller.
    """
    client = scope.get("client")
    address = _parse(str(client[0])) if client else None
    if address is None:
        return "unknown"
    proxies = tuple(trusted)
    for hop in _forwarded(scope):
        farther = _parse(hop) if any(address in network for network in proxies) else None
        if farther is None:
            break
        address = farther
    return str(address if address.version == 4 else ip_network((address, SUBSCRIBER), strict=False))  # noqa: PLR2004  # IPv4


def _forwarded(scope: Scope) -> list[str]:
    """The hops, nearest first; of several headers the last is the nearest."""
    whole = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return [hop.decode("latin-1") for hop in reversed(whole.rsplit(b",", MOST_HOPS)[-MOST_HOPS:])]


def _parse(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; an IPv4 address in IPv6's clothes is that IPv4 address."""
    host = text.strip().split("%")[0]  # a zone says which cable, not who
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
