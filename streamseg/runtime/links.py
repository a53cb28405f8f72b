"""Bells between processes over ZeroMQ: a BellBox receives them from anybody, a Ringer sends them to some, by name.

    Ringer --PUSH-- ipc:///run/.../infer-3 --PULL--> BellBox
           --PUSH-- tcp://10.0.0.7:5555    --PULL--> BellBox     CURVE: see `curve`

Neither ever holds up a worker: a bell for a peer that is absent, dead or too slow is counted and forgotten. A box's
endpoint carries the name and incarnation of its worker, so that a successor never shares one with its predecessor;
whoever kills a worker removes the file that its box has left.

Both use one ZeroMQ context a process (zmq.Context.instance() unless given one) and belong to one thread each. Processes
are spawned, never forked: a context does not survive that.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import zmq

from streamseg.errors import ConfigError
from streamseg.runtime.bells import Bell, decode, encode
from streamseg.runtime.curve import Guard, Keys, guarded, introduce
from streamseg.runtime.endpoints import Tcp, bind_ipc, parse

log = logging.getLogger(__name__)

HEARTBEAT_MS = 500
"""How often each side of a tcp connection asks whether the other is alive."""
HEARTBEAT_TIMEOUT_MS = 2000
"""A peer that has not answered for so long is taken for dead: the connection is closed."""

_DISCONNECT_BYTES = 4096
"""Who sends more at a time is cut off before it is read; CURVE's own messages are shorter."""
_RECONNECT_MS = 20
_RECONNECT_MAX_MS = 200

Context = zmq.Context[zmq.Socket[bytes]]


class BellBox:
    """A worker's inbox, bound to one endpoint; refused counts messages that were no bells.

    ipc: the file is of mode 0600 in a directory of mode 0700, did not exist before and is removed by close().
    tcp: guard is needed, and its `exposed` for any address but loopback; port * is any free one.

    Args:
        endpoint: ipc:///absolute/path (at most 107 bytes), or tcp://127.0.0.1:PORT.
        hwm: how many bells of one ringer may wait here, at least 1; slots times streams makes room for all there are.
        guard: keys and clients of a tcp endpoint.
        context: the process's ZeroMQ context; it can guard one tcp box.

    Raises:
        ConfigError: the endpoint cannot be had, or is not safe.
    """

    def __init__(self, endpoint: str, *, hwm: int, guard: Guard | None = None, context: Context | None = None):
        self.refused = 0
        self._hwm = _checked(hwm)
        place = parse(endpoint)
        with ExitStack() as opened:
            self.socket = _socket(context, zmq.PULL)
            """For zmq.Poller.register, next to others; never its descriptor, which is edge-triggered."""
            opened.callback(self.socket.close, 0)
            self.socket.rcvhwm = hwm
            self.socket.maxmsgsize = _DISCONNECT_BYTES
            if isinstance(place, Path):
                bind_ipc(self.socket, place)
                opened.callback(place.unlink, missing_ok=True)
            else:
                opened.enter_context(_bound_tcp(self.socket, place, guard))
            self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
            """The endpoint to connect to, with the real port."""
            self._opened = opened.pop_all()

    def wait(self, timeout_ms: int) -> list[Bell]:
        """The bells that have come, in the order of each ringer, at most hwm; none after timeout_ms without any.

        It comes back early without a bell when all that came was refused; timeout_ms -1 waits for ever.
        """
        bells: list[Bell] = []
        if not self.socket.poll(timeout_ms):
            return bells
        for _ in range(self._hwm):
            try:
                parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            bell = decode(parts[0]) if len(parts) == 1 else None
            if bell is None:
                self.refused += 1
                log.debug(
                    "endpoint=%s refused=%d parts=%d bytes=%d", self.endpoint, self.refused, len(parts), len(parts[0])
                )
            else:
                bells.append(bell)
        return bells

    def close(self) -> None:
        """Give the endpoint back; what is still in the box is lost."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Ringer:
    """Rings the boxes of others, by name; missed counts, by name, the bells that could not be sent.

    Args:
        hwm: how many bells may wait for one peer, at least 1.
        keys: this side's own, for tcp.
        context: the process's ZeroMQ context.
    """

    def __init__(self, *, hwm: int, keys: Keys | None = None, context: Context | None = None):
        self.missed: Counter[str] = Counter()
        self._hwm = _checked(hwm)
        self._keys = keys
        self._context = context
        self._sockets: dict[str, zmq.Socket[bytes]] = {}

    def connect(self, name: str, endpoint: str, server_key: bytes | None = None) -> None:
        """Ring the box at endpoint by this name from now on, in place of the one that had the name before.

        It is connected to in the background, now or when it appears; until then its bells are missed. server_key is
        the public key of a tcp box.

        Raises:
            ConfigError: no endpoint to connect to, or tcp without keys.
        """
        place = parse(endpoint)
        with ExitStack() as failing:
            socket = _socket(self._context, zmq.PUSH)
            failing.callback(socket.close, 0)
            socket.sndhwm = self._hwm
            # nothing queues for a peer that is not there
            socket.immediate = 1
            socket.reconnect_ivl, socket.reconnect_ivl_max = _RECONNECT_MS, _RECONNECT_MAX_MS
            if isinstance(place, Tcp):
                self._secure(socket, endpoint, place, server_key)
            socket.connect(endpoint)
            failing.pop_all()
        self.disconnect(name)
        self._sockets[name] = socket

    def ring(self, name: str, bell: Bell) -> bool:
        """Send a bell, without ever waiting; False and counted if the peer is not there or its queue is full.

        True says that it waits in the queue, not that it will arrive: the peer may be dying.
        """
        socket = self._sockets.get(name)
        if socket is not None:
            try:
                socket.send(encode(bell), zmq.NOBLOCK)
                return True
            except zmq.Again:
                pass
        self.missed[name] += 1
        return False

    def disconnect(self, name: str) -> None:
        """Forget a peer, and what still waits for it; nothing happens if there is none of that name."""
        socket = self._sockets.pop(name, None)
        if socket is not None:
            socket.close(0)

    def close(self, linger_ms: int = 200) -> None:
        """Forget all peers; bells that wait are sent in the background for so long, if the process lives on.

        A box that has no room when the connection ends loses what is still in the kernel's buffers.
        """
        for socket in self._sockets.values():
            socket.close(linger_ms)
        self._sockets.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _secure(self, socket: zmq.Socket[bytes], endpoint: str, place: Tcp, server_key: bytes | None) -> None:
        if place.port is None or place.host == "*":
            raise ConfigError(f"{endpoint}: names no box to connect to; a host and a port are needed")
        if self._keys is None or server_key is None:
            raise ConfigError(
                f"{endpoint}: tcp is never used without CURVE; own keys and the box's public key are needed"
            )
        introduce(socket, self._keys, server_key)
        _watch(socket)


@contextmanager
def _bound_tcp(socket: zmq.Socket[bytes], place: Tcp, guard: Guard | None) -> Iterator[None]:
    endpoint = f"tcp://{place.host}:{place.port or '*'}"
    if guard is None:
        raise ConfigError(f"{endpoint}: tcp is never used without CURVE; a guard with keys and clients is needed")
    if not (place.loopback or guard.exposed):
        raise ConfigError(f"{endpoint}: other machines reach it; allowed are 127.0.0.1, and others if exposed is set")
    _watch(socket)
    with guarded(socket, guard):
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            raise ConfigError(f"{endpoint}: {error.strerror}") from error
        yield


def _watch(socket: zmq.Socket[bytes]) -> None:
    """Notice a peer that vanished without closing its connection."""
    socket.heartbeat_ivl = HEARTBEAT_MS
    socket.heartbeat_timeout = HEARTBEAT_TIMEOUT_MS
    socket.heartbeat_ttl = HEARTBEAT_TIMEOUT_MS


def _socket(context: Context | None, kind: int) -> zmq.Socket[bytes]:
    return (zmq.Context.instance() if context is None else context).socket(kind)


def _checked(hwm: int) -> int:
    if hwm < 1:
        raise ConfigError(f"hwm {hwm}: at least 1 bell must find room")
    return hwm
