"""Where a source may have streamseg connect to: not from a public server into the own network, and what web.add allows.

A host is judged by the addresses that it stands for, however it is written: 127.1, 0x7f.1, 2130706433, ::ffff:7f00:1
and a name that means 127.0.0.1 are the same.
"""

import ipaddress
import secrets
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from streamseg.errors import SourceRefused, SourceUnreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Scope = Literal["public", "private", "link-local", "loopback"]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ADDED: frozenset[Scope] = frozenset({"public", "private"})


@dataclass(frozen=True, slots=True)
class Place:
    """Family, numeric host and port: what a socket connects to without another look-up."""

    family: int
    host: str
    port: int

    @property
    def address(self) -> Address:
        """Of the host, without a zone."""
        return ipaddress.ip_address(self.host.partition("%")[0])


@dataclass(frozen=True, slots=True)
class Hosts:
    """Which hosts may be named: by name, or as addresses and networks; None: all but this machine and link-local."""

    allowed: tuple[str, ...] | None

    def refuses(self, host: str, found: Sequence[Address]) -> bool:
        """Whether a host that stands for these addresses is none of them."""
        if self.allowed is None:
            return not {scope_of(address) for address in found} <= _ADDED
        if host.lower().rstrip(".") in (allowed.lower().rstrip(".") for allowed in self.allowed):
            return False
        networks = [network for network in map(network_of, self.allowed) if network is not None]
        return not all(any(address in network for network in networks) for address in found)


class Reach:
    """Where one source may connect to.

    From what its own host is follows how far it may lead: servers in the own network may lead to others there, public
    ones to public ones only; link-local addresses, where clouds tell machines their secrets, only those that are one.

    Attributes:
        limited: whether not every host may be named.
        password: by which the gate knows it.
        trouble: why the last connection could not be had; None where it could.

    Args:
        source: a URL.
        hosts: what else limits it.
    """

    def __init__(self, source: str, hosts: Hosts | None = None):
        self.limited = hosts is not None
        self.password = secrets.token_hex(16)
        self.trouble: SourceRefused | SourceUnreachable | None = None
        self._named, self._hosts = urlsplit(source).hostname or "", hosts
        self._far: frozenset[Scope] | None = None
        self._lock = threading.Lock()

    def places(self, host: str, port: int) -> list[Place]:
        """Where a host can be connected to, if it may; it may take the time of a name's look-up.

        Raises:
            SourceUnreachable: there is no such host.
            SourceRefused: it may not be reached from here.
        """
        places = _resolve(host, port)
        found = [place.address for place in places]
        if self._hosts is not None and self._hosts.refuses(host, found):
            raise SourceRefused(f"{host}: no host that an added stream may name or lead to (web.add_hosts)")
        beyond = set(map(scope_of, found)) - self._within()
        if beyond:
            raise SourceRefused(f"{host}: a {'/'.join(sorted(beyond))} address, where {self._named} may not lead to")
        return places

    def check(self) -> None:
        """As places(), of the source's own host."""
        self.places(self._named, 0)

    def _within(self) -> frozenset[Scope]:
        """What may be reached, from what the source's own host was when it was looked up first."""
        with self._lock:
            if self._far is None:
                far: set[Scope] = {"public", *(scope_of(place.address) for place in _resolve(self._named, 0))}
                if far & {"loopback", "link-local"}:
                    far.add("private")
                self._far = frozenset(far)
            return self._far


def scope_of(address: Address) -> Scope:
    """Who else is where an address is."""
    inner = _embedded(address)
    if inner is not None:
        return scope_of(inner)
    if address.is_loopback or address.is_unspecified:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    return "public" if address.is_global and not address.is_multicast else "private"


def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network that a text names, of one address too; None for a host's name."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def literal(host: str) -> list[Address]:
    """The addresses that a host is without asking anybody, in any spelling; none for a name."""
    try:
        return [place.address for place in _resolve(host, 0, socket.AI_NUMERICHOST)]
    except SourceUnreachable:
        return []


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _resolve(host: str, port: int, flags: int = 0) -> list[Place]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError) as error:
        raise SourceUnreachable(f"{host}: {getattr(error, 'strerror', None) or 'no such host'}") from None
    return [Place(family, str(where[0]), int(where[1])) for family, _, _, _, where in found]
