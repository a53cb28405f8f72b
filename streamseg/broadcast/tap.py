"""The sink's side: encoded pictures over ZeroMQ PUB to those of this run that show them. It never waits."""

import logging
import secrets
from pathlib import Path
from typing import Any

import zmq

from streamseg.broadcast.heads import video_only
from streamseg.broadcast.pictures import EncodedPicture, encode
from streamseg.sinks.encoder import Encoded

log = logging.getLogger(__name__)

BROADCAST, VIEWERS = "broadcast", "viewers"
"""Sockets in the run's folder where somebody may listen: the broadcast worker and the web worker."""
QUEUE = 128
"""Pictures that wait for a receiver at most, on each side."""
_RECONNECT_MS = 50
_RECONNECT_MAX_MS = 500
_LINGER_MS = 500


def topic_of(stream: str) -> bytes:
    """What a stream's messages begin with; no other stream's do."""
    return f"{stream}/".encode()


class Tap:
    """Hands on the encoded pictures of one stream.

    Args:
        folder: the run's own, of mode 0700.
        stream: its name.
    """

    def __init__(self, folder: Path, stream: str):
        self._stream, self._topic = stream, topic_of(stream)
        self._encoder, self._number = secrets.token_hex(6), 0
        self._head, self._shown_head = b"", b""
        socket: Any = zmq.Context.instance().socket(zmq.PUB)
        socket.sndhwm = QUEUE
        socket.immediate = 1  # nothing waits for a receiver that is not there
        socket.reconnect_ivl, socket.reconnect_ivl_max = _RECONNECT_MS, _RECONNECT_MAX_MS
        for name in (BROADCAST, VIEWERS):
            socket.connect(f"ipc://{folder / name}")
        self._socket: zmq.Socket[bytes] = socket

    def hand_on(self, seq: int, encoded: Encoded) -> None:
        """Show a picture to whoever looks; raises nothing."""
        sample = encoded.sample
        if encoded.head != self._head:
            self._head, self._shown_head = encoded.head, video_only(encoded.head)
        head = self._shown_head if sample.key else b""
        self._number += 1
        picture = EncodedPicture(self._encoder, self._number, seq, encoded.ticks, sample.key, head, sample.data)
        self._send(encode(picture))

    def close(self) -> None:
        """The stream is over."""
        self._send(b"")
        self._socket.close(_LINGER_MS)

    def _send(self, message: bytes) -> None:
        try:
            self._socket.send_multipart((self._topic, message), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            log.debug("stream=%s picture not handed on: %s", self._stream, error)
