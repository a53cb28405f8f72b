"""Who may ring over tcp: CURVE keys (https://rfc.zeromq.org/spec/26) and an allow-list of clients (ZAP, spec/27).

Keys live in memory only; how a process gets its own is up to whoever starts it. Keys are 40 characters of Z85.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import zmq

from streamseg.errors import ConfigError

if TYPE_CHECKING:
    from zmq.auth.thread import ThreadAuthenticator

_DOMAIN = "streamseg"
_KEY = re.compile(rb"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}")


@dataclass(frozen=True, slots=True)
class Keys:
    """A key pair; the secret is not shown by repr. ConfigError if the two are no pair."""

    public: bytes
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_public(self.public)
        if not _KEY.fullmatch(self.secret) or zmq.curve_public(self.secret) != self.public:
            raise ConfigError(f"public key {self.public.decode()}: its secret key belongs to another, or is no key")

    @classmethod
    def new(cls) -> "Keys":
        """A pair that nobody else has."""
        public, secret = zmq.curve_keypair()
        return cls(public, secret)


@dataclass(frozen=True, slots=True)
class Guard:
    """What a box on tcp is guarded by: its own keys, and the public keys of the clients that may ring.

    exposed allows an address that other machines reach; without it only loopback is.
    """

    keys: Keys
    clients: frozenset[bytes]
    exposed: bool = False

    def __post_init__(self) -> None:
        for public in self.clients:
            _check_public(public)

    def callback(self, domain: str, public: bytes) -> bool:
        """Whether the client may come in; the name is the authenticator's."""
        return public in self.clients


@contextmanager
def guarded(socket: zmq.Socket[bytes], guard: Guard) -> Iterator[None]:
    """Let only the guard's clients connect to a socket, which is not bound yet; ConfigError if its context has one."""
    from zmq.auth.thread import ThreadAuthenticator  # here: it imports asyncio, which nobody needs for ipc

    socket.curve_server = True
    socket.curve_secretkey = guard.keys.secret
    socket.zap_domain = _DOMAIN.encode()
    # or everybody would come in while nobody answers for the domain
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    authenticator = ThreadAuthenticator(socket.context)
    authenticator.configure_curve_callback(_DOMAIN, guard)
    try:
        _start(authenticator)
        yield
    finally:
        authenticator.stop()


def introduce(socket: zmq.Socket[bytes], keys: Keys, server_key: bytes) -> None:
    """Make a socket, which is not connected yet, a client that talks to the owner of server_key only."""
    _check_public(server_key)
    socket.curve_publickey = keys.public
    socket.curve_secretkey = keys.secret
    socket.curve_serverkey = server_key


def _start(authenticator: "ThreadAuthenticator") -> None:
    try:
        authenticator.start()
    except zmq.ZMQError as error:
        raise ConfigError(f"a ZeroMQ context can guard one tcp endpoint only: {error.strerror}") from error


def _check_public(key: bytes) -> None:
    if not _KEY.fullmatch(key):
        raise ConfigError(f"a public key of {len(key)} bytes: a CURVE key has 40 characters of Z85")
