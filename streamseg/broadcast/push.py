"""Pushes one stream to one server, for as long as the stream lasts: a server that dies or hangs is reconnected to."""

import logging
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from streamseg.broadcast.outlet import Outlet
from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.push_status import PushState, PushStatus
from streamseg.broadcast.pusher_process import PusherProcess, PushFailed
from streamseg.broadcast.shown import shown_url
from streamseg.capture.backoff import Backoff
from streamseg.capture.redact import redact

log = logging.getLogger(__name__)

_BACKOFF_MAX_S = 5.0
_PROBE_S = 5.0
_DEBIAN_CA_FILE = "/etc/ssl/certs/ca-certificates.crt"
_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443}


class Push(Outlet):
    """Begins with the first picture, and each connection with a key picture.

    Args:
        stream: its name.
        url: rtsp(s):// or rtmp(s)://; see config_broadcast.PUSH_SCHEMES.
        ca_file: certificates to trust; None: the system's.
    """

    def __init__(self, stream: str, url: str, ca_file: Path | None = None):
        super().__init__(f"push-{stream}")
        self.stream, self.url = stream, url
        self._ca_file = str(ca_file or ssl.get_default_verify_paths().cafile or _DEBIAN_CA_FILE)
        self._shown = shown_url(url, stream)
        self._state: PushState = "waiting"
        self._reason: str | None = None
        self._told: str | None = None
        self._connections = self._sent = 0
        self._ending = threading.Event()
        self._backoff = Backoff(_BACKOFF_MAX_S)
        self._thread.start()

    @property
    def status(self) -> PushStatus:
        """How it gets on."""
        reconnects = max(0, self._connections - 1)
        dropped = self._waiting.dropped
        return PushStatus(self.stream, self._shown, self._state, self._reason, reconnects, self._sent, dropped)

    def end(self) -> None:
        """The stream is over: push what waits, say goodbye, end the thread."""
        self._ending.set()
        super().end()

    def _run(self) -> None:
        while (picture := self._waiting.get()) is not None:
            if not picture.key:
                continue
            try:
                self._stream_from(picture)
            except (PushFailed, OSError, ValueError) as error:
                self._back_off(str(error))
        self._is("ended")

    def _stream_from(self, picture: EncodedPicture) -> None:
        """Connect, and push until the stream is over or its look changes."""
        self._is("connecting")
        _probe(self.url, self._ca_file)
        process = PusherProcess(self.url, picture.head, self._ca_file)
        try:
            self._connections += 1
            self._is("streaming")
            self._waiting.begin_anew()  # what came while it connected would be late for ever
            self._push(process, picture.head)
        except BaseException:
            process.kill()
            raise
        process.finish()

    def _push(self, process: PusherProcess, head: bytes) -> None:
        while (picture := self._waiting.get()) is not None:
            if picture.key and picture.head != head:
                return
            process.send(picture)
            self._sent += 1
            self._backoff = Backoff(_BACKOFF_MAX_S)

    def _back_off(self, reason: str) -> None:
        self._is("backing-off", redact(reason))
        self._ending.wait(self._backoff.next_s())
        self._waiting.begin_anew()

    def _is(self, state: PushState, reason: str | None = None) -> None:
        self._state, self._reason = state, reason
        if state == "connecting" or (state == "backing-off" and reason == self._told):
            return  # a server that stays away is told of once, not every few seconds
        self._told = reason
        level = logging.WARNING if state == "backing-off" else logging.INFO
        because = f" reason={reason!r}" if reason else ""
        log.log(level, "stream=%s push=%s state=%s%s", self.stream, self._shown, state, because)


def _probe(url: str, ca_file: str) -> None:
    """OSError where nobody listens, or one whom no certificate vouches for: no process need be started to learn that.

    Of RTMPS this is the only look at the certificate: libav cannot be told to check it.
    """
    parts = urlsplit(url)
    assert parts.hostname, "config_broadcast checks URLs"
    with socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), _PROBE_S) as connection:
        if parts.scheme in ("rtsps", "rtmps"):
            context = ssl.create_default_context(cafile=ca_file)
            context.wrap_socket(connection, server_hostname=parts.hostname).close()
