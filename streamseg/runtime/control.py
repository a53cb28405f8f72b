"""The line between the supervisor and one worker: a socket pair that keeps messages whole and carries descriptors.

Its end is the worker's sign of life and death: when one side is gone, the other reads the end of the file.
"""

import array
import contextlib
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from streamseg.runtime.messages import MOST_BYTES

M = TypeVar("M")
_FDS_MAX = 4
_SEND_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    """A message and the descriptors that came with it; whoever takes it owns them."""

    message: M
    fds: tuple[int, ...] = ()


def control_pair() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end and the worker's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MOST_BYTES)
    # the kernel's timeout, not Python's, which would make every receive wait as well
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_TIMEOUT_S, 0))
    return ours, theirs


def send(line: socket.socket, data: bytes, fds: Sequence[int] = ()) -> bool:
    """Send one message; False if the other side is gone, or has not read for seconds."""
    try:
        socket.send_fds(line, [data], list(fds))
    except (BrokenPipeError, ConnectionError, TimeoutError, BlockingIOError):
        return False
    return True


def receive(line: socket.socket, *, wait: bool = True) -> tuple[bytes, tuple[int, ...]] | None:
    """The next message and its descriptors (closed on exec); None at the end of the line.

    Raises:
        BlockingIOError: there is none just now, and it does not wait.
        ValueError: it is larger than any message.
    """
    room = socket.CMSG_LEN(_FDS_MAX * array.array("i").itemsize)
    try:
        how = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
        data, ancillary, flags, _ = line.recvmsg(MOST_BYTES, room, how)
    except ConnectionError:
        return None
    numbers = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        close_all(numbers)
        raise ValueError(f"control message of more than {MOST_BYTES} bytes or {_FDS_MAX} descriptors")
    return (data, tuple(numbers)) if data else None


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors; those that are closed already are no matter."""
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)
