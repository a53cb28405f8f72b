"""What a camera needs to know to be run, and the contract of its servers."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from streamseg.camera.condition import Condition
from streamseg.errors import ConfigError


class Place(NamedTuple):
    """Where a server listens: host, port (0: any free one), path with its leading slash."""

    host: str
    port: int
    path: str

    @property
    def address(self) -> str:
        """host:port as it stands in URLs; an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Login:
    """The one user a server knows."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


class Server(Protocol):
    """One way out of the camera. It begins in the condition it was made with."""

    place: Place

    def start(self, condition: Condition) -> None:
        """Listen, on the same port as before if there was one.

        Raises:
            SinkError: the port cannot be had.
        """

    def change(self, condition: Condition) -> None:
        """From now on in this condition; in force when it returns."""

    def drop(self) -> None:
        """Close all connections."""

    def hang(self, stands: bool) -> None:
        """Stand still, or go on."""

    def stop(self) -> None:
        """Be gone; connections break."""


def parse_place(text: str, flag: str) -> Place:
    """`[HOST]:PORT[/PATH]` or PORT; without HOST 127.0.0.1, without PATH /cam.

    Raises:
        ConfigError: not of this form, or a port above 65535.
    """
    address, slash, path = text.removeprefix("rtsp://").removeprefix("http://").partition("/")
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535) or (slash and not path):
        raise ConfigError(f"{flag} {text!r}: allowed is [HOST]:PORT[/PATH], such as :8554/cam or 0.0.0.0:8554/cam")
    return Place(host.strip("[]") or "127.0.0.1", int(port), f"/{path or 'cam'}")
