"""The ZeroMQ PUB socket of an endpoint: one in a process, shared by all its streams, there while any of them is."""

import contextlib
import socket as sockets
import threading
from contextlib import ExitStack
from pathlib import Path

import zmq

from streamseg.config_metadata import PublishConfig
from streamseg.errors import SinkError
from streamseg.runtime.curve import Guard, guarded
from streamseg.runtime.endpoints import bind_ipc, parse
from streamseg.sinks.secrets_env import curve_keys

_LINGER_MS = 1000
"""At the end, so long for what a subscriber has not fetched yet."""


class Publisher:
    """A bound PUB socket. send() may be called from any thread and never waits: who is slow loses messages.

    Its ZeroMQ context is its own: it can guard one endpoint with CURVE, and ends with it, sending what is left.

    Raises:
        ConfigError: the endpoint is not safe, or its path is taken.
        SinkError: its port is taken, or it is no address of this machine.
    """

    def __init__(self, config: PublishConfig):
        assert config.endpoint, "nothing is published without an endpoint"
        self._lock = threading.Lock()
        with ExitStack() as opened:
            context = zmq.Context[zmq.Socket[bytes]]()
            opened.callback(context.term)
            self._socket = context.socket(zmq.PUB)
            opened.callback(self._socket.close, _LINGER_MS)
            self._socket.sndhwm = config.queue
            place = parse(config.endpoint)
            if isinstance(place, Path):
                _make_room(place)
                bind_ipc(self._socket, place)
                opened.callback(place.unlink, missing_ok=True)
            else:
                if guard := _guard(config):
                    opened.enter_context(guarded(self._socket, guard))
                _bind_tcp(self._socket, config.endpoint)
            self._opened = opened.pop_all()

    def send(self, topic: bytes, message: bytes) -> None:
        """Send to all who subscribe to the topic."""
        with self._lock:
            self._socket.send_multipart((topic, message), zmq.NOBLOCK)

    def close(self) -> None:
        """Give the endpoint back."""
        self._opened.close()


_shared: dict[str, tuple[Publisher, int]] = {}
_sharing = threading.Lock()


def join(config: PublishConfig) -> Publisher:
    """The process's publisher at the configured endpoint, opened by the first who asks; leave() it at the end."""
    assert config.endpoint, "nothing is published without an endpoint"
    with _sharing:
        publisher, users = _shared.get(config.endpoint) or (Publisher(config), 0)
        _shared[config.endpoint] = publisher, users + 1
        return publisher


def leave(config: PublishConfig) -> None:
    """One user less; the last one closes the endpoint."""
    assert config.endpoint, "nothing is published without an endpoint"
    with _sharing:
        publisher, users = _shared.pop(config.endpoint)
        if users > 1:
            _shared[config.endpoint] = publisher, users - 1
        else:
            publisher.close()


def _guard(config: PublishConfig) -> Guard | None:
    keys = curve_keys(config)
    subscribers = frozenset(key.encode() for key in config.subscribers)
    return Guard(keys, subscribers, exposed=True) if keys else None


def _make_room(path: Path) -> None:
    """Make the folder; a predecessor that was killed left its socket's file, one that somebody listens at stays."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(0o700)
    if not path.is_socket():
        return
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except BlockingIOError:
            return


def _bind_tcp(socket: zmq.Socket[bytes], endpoint: str) -> None:
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise SinkError(f"publish.endpoint {endpoint}: {error.strerror}") from error
