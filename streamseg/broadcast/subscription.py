"""The receivers' side of a Tap: a bound SUB socket in the run's folder."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import zmq

from streamseg.broadcast.pictures import EncodedPicture, decode
from streamseg.broadcast.tap import QUEUE
from streamseg.runtime.endpoints import bind_ipc


def subscriber(context: "zmq.Context[Any]", path: Path) -> Any:
    """A SUB socket at a path in the run's folder, in the place of a predecessor that died; subscribed to nothing yet.

    Raises:
        ConfigError: the folder is not ours alone.
    """
    path.unlink(missing_ok=True)
    with ExitStack() as failing:
        socket = context.socket(zmq.SUB)
        failing.callback(socket.close, 0)
        socket.rcvhwm = QUEUE
        bind_ipc(socket, path)
        failing.pop_all()
    return socket


def read(parts: list[bytes]) -> tuple[str, EncodedPicture | None] | None:
    """The stream's name and its picture (None: the stream is over); None for what no Tap sends."""
    if len(parts) != 2:
        return None
    try:
        stream = parts[0].decode().removesuffix("/")
        return stream, decode(parts[1]) if parts[1] else None
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        return None
