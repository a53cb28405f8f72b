"""Where sockets are, and how a Unix socket is made nobody's but ours.

Two kinds of endpoint: ipc:///absolute/path between processes of this machine, tcp://HOST:PORT between machines.
"""

import errno
import ipaddress
import os
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

import zmq

from streamseg.errors import ConfigError

PATH_LIMIT_BYTES = 107
"""sockaddr_un holds 108 bytes, the last one is 0."""

_BACKLOG = 128
_TCP = re.compile(r"tcp://([A-Za-z0-9.-]+|\*):([0-9]{1,5}|\*)")


@dataclass(frozen=True, slots=True)
class Tcp:
    """A tcp endpoint; port None is any free one, host * any address of this machine."""

    host: str
    port: int | None

    @property
    def loopback(self) -> bool:
        """Whether the host is an IPv4 address that no other machine reaches."""
        try:
            return ipaddress.IPv4Address(self.host).is_loopback
        except ValueError:
            return False


def parse(endpoint: str) -> Path | Tcp:
    """The path of an ipc endpoint, or the address of a tcp one; ConfigError if it is neither."""
    if endpoint.startswith("ipc:///"):
        return _fitting(Path(endpoint.removeprefix("ipc://")))
    match = _TCP.fullmatch(endpoint)
    if match is None or not (match[2] == "*" or 1 <= int(match[2]) <= 65535):
        raise ConfigError(f"{endpoint[:200]!r}: no endpoint; allowed are ipc:///absolute/path and tcp://HOST:PORT")
    return Tcp(match[1], None if match[2] == "*" else int(match[2]))


def listen(path: Path) -> socket.socket:
    """A listening Unix socket at a path that did not exist, only for this user.

    Linux alone gives the file the mode that the descriptor had before, so that there is no moment in which others
    could connect, and no umask to change, which all threads of a process share.

    Raises:
        ConfigError: the path exists, or its directory is not ours, not of mode 0700, or no directory.
    """
    _check_folder(path.parent)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(os.fspath(path))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        reason = "exists already; a socket needs a path of its own" if taken else error.strerror
        raise ConfigError(f"{path}: {reason}") from error
    return listener


def bind_ipc(zmq_socket: zmq.Socket[bytes], path: Path) -> None:
    """Bind a ZeroMQ socket by a listener of our own making: ZeroMQ itself would take over a path that exists.

    Raises:
        ConfigError: as for listen().
    """
    with listen(path) as listener:
        try:
            zmq_socket.setsockopt(zmq.USE_FD, listener.fileno())
            zmq_socket.bind(f"ipc://{path}")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        listener.detach()


def _fitting(path: Path) -> Path:
    size = len(os.fsencode(path))
    if size > PATH_LIMIT_BYTES:
        told = f"{size} bytes long, the path of a socket may have at most {PATH_LIMIT_BYTES}"
        raise ConfigError(f"{str(path)[:200]}: {told}")
    return path


def _check_folder(folder: Path) -> None:
    try:
        found = folder.lstat()
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}; sockets need a directory of mode 0700") from error
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigError(f"{folder}: no directory; sockets need one of mode 0700")
    if found.st_uid != os.geteuid():
        raise ConfigError(f"{folder}: belongs to user {found.st_uid}; sockets need a directory of user {os.geteuid()}")
    if stat.S_IMODE(found.st_mode) != 0o700:
        raise ConfigError(f"{folder}: of mode {stat.S_IMODE(found.st_mode):04o}; sockets need a directory of mode 0700")
