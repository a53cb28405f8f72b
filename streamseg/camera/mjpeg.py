"""An MJPEG camera: JPEG pictures over HTTP without an end (multipart/x-mixed-replace), with the same faults."""

import base64
import logging
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from streamseg.camera.clip import Clip
from streamseg.camera.condition import Condition, Format
from streamseg.camera.feed import Feed
from streamseg.camera.serving import Login, Place
from streamseg.errors import SinkError

log = logging.getLogger(__name__)

_TICK_S = 0.005
_BOUNDARY = "streamseg-camera"
_JPEG_HEADERS = 700
"""Bytes at a JPEG's beginning that garbage spares: tables and sizes."""


class MjpegServer:
    """A Server over HTTP.

    Args:
        place: where to listen.
        login: who may see it (basic authentication); None: everybody.
        folder: where clips lie.
        epoch_ns: start of the camera on the monotonic clock.
        on_playing: called when a client begins to read.
    """

    def __init__(
        self, place: Place, login: Login | None, folder: Path, *, epoch_ns: int, on_playing: Callable[[], None]
    ) -> None:
        self.place = place
        self.login = login
        self.on_playing = on_playing
        self.epoch_s = epoch_ns / 1e9
        self.running = threading.Event()
        self._folder = folder
        self._clips: dict[str, Clip] = {}
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server: _Listener | None = None

    def start(self, condition: Condition) -> None:
        self.condition = condition
        try:
            self._server = _Listener(self)
        except OSError as error:
            message = f"streamseg camera: {self.place.address} cannot be listened on; choose a free port"
            raise SinkError(message) from error
        self.place = self.place._replace(port=self._server.server_address[1])
        self.running.set()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def change(self, condition: Condition) -> None:
        self.condition = condition

    def drop(self) -> None:
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def hang(self, stands: bool) -> None:
        if stands:
            self.running.clear()
        else:
            self.running.set()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.gone = True
        self.running.set()
        server.shutdown()
        server.server_close()
        self.drop()

    def clip(self) -> Clip:
        """What is shown now."""
        wanted = Format("mjpeg", *self.condition.format[1:])
        with self._lock:
            if wanted.key not in self._clips:
                self._clips[wanted.key] = Clip.read(self._folder, wanted)
            return self._clips[wanted.key]

    def enter(self, connection: socket.socket) -> None:
        """A connection that drop() closes."""
        with self._lock:
            self._connections.add(connection)

    def leave(self, connection: socket.socket) -> None:
        """One that is over."""
        with self._lock:
            self._connections.discard(connection)


class _Listener(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: MjpegServer) -> None:
        self.owner = owner
        self.gone = False
        self.address_family = socket.AF_INET6 if ":" in owner.place.host else socket.AF_INET
        super().__init__((owner.place.host, owner.place.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("event=broken client=%s", client_address[0])


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        """Pictures until somebody has enough."""
        owner = self.server.owner
        owner.running.wait()
        condition = owner.condition
        if condition.hidden or self.path.partition("?")[0] != owner.place.path:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif condition.refuses or not self._is_allowed():
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
        else:
            self._show()

    def log_message(self, format: str, *args: Any) -> None:
        log.info("event=request client=%s %s", self.client_address[0], (format % args).replace('"', ""))

    def _is_allowed(self) -> bool:
        login = self.server.owner.login
        if login is None:
            return True
        expected = "Basic " + base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        return secrets.compare_digest(self.headers.get("Authorization", ""), expected)

    def _show(self) -> None:
        owner = self.server.owner
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        owner.enter(self.connection)
        owner.on_playing()
        try:
            self._send_pictures(owner)
        except (BrokenPipeError, ConnectionResetError):
            log.info("event=closed client=%s", self.client_address[0])
        finally:
            owner.leave(self.connection)
            self.close_connection = True

    def _send_pictures(self, owner: MjpegServer) -> None:
        condition, chance = owner.condition, random.Random(1)  # noqa: S311
        feed = Feed(owner.clip(), condition, time.monotonic() - owner.epoch_s)
        while not self.server.gone:
            owner.running.wait()
            if owner.condition is not condition:
                condition = owner.condition
                feed.change(condition, owner.clip())
            for unit in feed.due(time.monotonic() - owner.epoch_s):
                if chance.random() >= condition.loss:
                    self._send(unit.data, chance if chance.random() < condition.garbage else None)
            time.sleep(_TICK_S)

    def _send(self, jpeg: bytes, garbage: random.Random | None) -> None:
        if garbage is not None:
            jpeg = jpeg[:_JPEG_HEADERS] + garbage.randbytes(max(0, len(jpeg) - _JPEG_HEADERS))
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        self.wfile.write(head.encode() + jpeg + b"\r\n")
