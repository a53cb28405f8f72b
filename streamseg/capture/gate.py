"""The one way that libav's HTTP takes out of this process: a proxy on loopback that connects only where a source may.

    libav --http_proxy--> gate (looks the name up, judges the address, connects to that address) --> server

libav follows redirects and playlists by itself, and has no option that limits where to; through the gate each of its
connections is judged, the first one as the hundredth. TLS passes through it unopened (CONNECT). Nobody else can use it:
it wants a password, a new one for each source, by which it knows whose limits hold.
"""

import base64
import logging
import os
import selectors
import socket
import socketserver
import threading
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from streamseg.capture.reach import Reach
from streamseg.errors import SourceRefused, SourceUnreachable

log = logging.getLogger(__name__)

_MOST_HEAD = 64 << 10
_CONNECT_S = 60.0
_HEAD_S = 30.0
_CHUNK = 256 << 10
_reaches: "WeakValueDictionary[str, Reach]" = WeakValueDictionary()
_lock = threading.Lock()
_server: "_Gate | None" = None


def proxy_for(reach: Reach) -> str | None:
    """The URL of a proxy that keeps within reach for as long as that is held; None where the user has one."""
    global _server  # one for the process
    if os.environ.get("http_proxy"):
        return None
    os.environ.pop("no_proxy", None)  # libav would go past the gate to the hosts in it
    with _lock:
        if _server is None or _server.pid != os.getpid():
            _server = _Gate()
        _reaches[reach.password] = reach
        return f"http://gate:{reach.password}@127.0.0.1:{_server.server_address[1]}"


class _Gate(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = False
    request_queue_size = 64

    def __init__(self) -> None:
        self.pid = os.getpid()
        super().__init__(("127.0.0.1", 0), _Passage)
        threading.Thread(target=self.serve_forever, name="gate", daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("gate: connection broken", exc_info=True)


class _Passage(socketserver.BaseRequestHandler):
    """One connection of libav's, with one request."""

    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(_HEAD_S)
        head, rest = self._head()
        if head is None:
            return
        line, *fields = head.split(b"\r\n")
        reach = _reach_of(fields)
        if reach is None:
            self._answer("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="gate"\r\n')
            return
        try:
            method, host, port, target = _parse(line)
            upstream = _connect(reach, host, port)
        except (SourceRefused, SourceUnreachable) as trouble:
            reach.trouble = type(trouble)(str(trouble))  # without the frames that hold reach
            self._answer("403 Forbidden" if isinstance(trouble, SourceRefused) else "502 Bad Gateway")
            return
        reach.trouble = None
        with upstream:
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                upstream.sendall(_request(method, target, fields))
            upstream.sendall(rest)
            _splice(self.request, upstream)

    def _head(self) -> tuple[bytes | None, bytes]:
        held = b""
        while b"\r\n\r\n" not in held:
            part = self.request.recv(_MOST_HEAD) if len(held) < _MOST_HEAD else b""
            if not part:
                return None, b""
            held += part
        head, _, rest = held.partition(b"\r\n\r\n")
        return head, rest

    def _answer(self, status: str, fields: str = "") -> None:
        self.request.sendall(f"HTTP/1.1 {status}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())


def _reach_of(fields: list[bytes]) -> Reach | None:
    """Whose password was given."""
    for field in fields:
        name, _, value = field.partition(b":")
        if name.strip().lower() == b"proxy-authorization":
            try:
                given = base64.b64decode(value.strip().partition(b" ")[2]).decode()
            except ValueError:
                return None
            return _reaches.get(given.removeprefix("gate:"))
    return None


def _parse(line: bytes) -> tuple[bytes, str, int, bytes]:
    """Method, host, port and path of a request line; SourceRefused where it is none that libav sends to a proxy."""
    method, _, rest = line.partition(b" ")
    target = rest.rpartition(b" ")[0]
    try:
        if method == b"CONNECT":
            parts = urlsplit(f"//{target.decode('ascii')}")
            return method, parts.hostname or "", parts.port or 443, b""
        parts = urlsplit(target.decode("ascii", "surrogateescape"))
        if parts.scheme == "http" and parts.hostname:
            begin = target.index(b"/", len("http://")) if b"/" in target[len("http://") :] else len(target)
            return method, parts.hostname, parts.port or 80, target[begin:] or b"/"
    except ValueError:
        pass
    raise SourceRefused("a URL that cannot be understood")


def _request(method: bytes, target: bytes, fields: list[bytes]) -> bytes:
    """The request as the server gets it: one for each connection, nothing of the proxy's."""
    kept = [field for field in fields if not field.lower().startswith((b"proxy-", b"connection:"))]
    return b"\r\n".join([b"%b %b HTTP/1.1" % (method, target), *kept, b"Connection: close", b"", b""])


def _connect(reach: Reach, host: str, port: int) -> socket.socket:
    """Connected to an address that was judged, not to a name that may mean another one by now."""
    last = "no address"
    for place in reach.places(host, port):
        upstream = socket.socket(place.family, socket.SOCK_STREAM)
        upstream.settimeout(_CONNECT_S)
        try:
            upstream.connect((place.host, place.port))
        except OSError as error:
            upstream.close()
            last = error.strerror or str(error)
        else:
            return upstream
    raise SourceUnreachable(f"{host}: {last}")


def _splice(one: socket.socket, other: socket.socket) -> None:
    """Hand on what either side says until one has nothing more to say."""
    one.settimeout(None)
    other.settimeout(None)
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for ready, _ in selector.select():
                part = ready.fileobj.recv(_CHUNK)  # type: ignore[union-attr]  # sockets were registered
                if not part:
                    return
                ready.data.sendall(part)
