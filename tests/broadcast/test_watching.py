"""The web server's part alone: viewers that come, go, hang and are refused."""

import asyncio
import logging
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from streamseg.broadcast.tap import Tap
from streamseg.config import Config
from streamseg.runtime.web_host import settings, viewers_of
from streamseg.sinks.encoder import Encoded
from streamseg.sinks.fragments import Sample
from streamseg.web import lasting
from streamseg.web import viewers as viewers_module
from streamseg.web.app import make_app
from streamseg.web.archive import Archive
from streamseg.web.viewers import Viewers
from tests.broadcast.encoded import Source

PATIENCE_S = 30
LIVE = "/api/v1/streams/gate/live.mp4"


def wait_for(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


class Served:
    """A server of one stream, `gate`, whose pictures are large and never end."""

    def __init__(self, folder: Path, state: str) -> None:
        self.viewers: Viewers | None = None
        self.port = 0
        self._folder, self._state = folder, state
        self._over = threading.Event()
        self._server: Any = None

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        async def ask(_call: str, _body: dict[str, Any]) -> Any:
            return {"state": self._state}

        self.viewers = Viewers(self._folder)
        app = make_app(
            ask, version="0", keys=(), hosts=("127.0.0.1",), archive=Archive(self._folder, None), viewers=self.viewers
        )
        listener = socket.create_server(("127.0.0.1", 0))
        served = settings(app)
        served.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(served)
        self.port = listener.getsockname()[1]
        await self._server.serve([listener])
        self.viewers.close()

    def play(self) -> None:
        tap, picture = Tap(self._folder, "gate"), Source((640, 360)).next()
        padded = (500_000).to_bytes(4, "big") + b"\x06" + bytes(499_999) + picture.data
        number = 0
        while not self._over.wait(0.02):
            number += 1
            tap.hand_on(number, Encoded(picture.head, number * 9000, Sample(padded, 9000, True)))
        tap.close()

    def stop(self) -> None:
        self._over.set()
        self._server.should_exit = True

    @property
    def watching(self) -> int:
        return sum(map(len, self.viewers._of.values()))


@contextmanager
def serving(state: str = "running") -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="web-") as folder:
        served = Served(Path(folder), state)
        threads = [threading.Thread(target=served.run), threading.Thread(target=served.play)]
        for thread in threads:
            thread.start()
        wait_for(lambda: served.port > 0)
        try:
            yield served
        finally:
            served.stop()
            for thread in threads:
                thread.join()


@contextmanager
def asked(served: Served, path: str, **headers: str) -> Iterator[socket.socket]:
    """A connection that has asked, and has not read yet."""
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode())
        yield connection


def ws(served: Served, **options: Any) -> Any:
    return connect(f"ws://127.0.0.1:{served.port}/api/v1/streams/gate/ws", max_size=None, **options)


@pytest.mark.parametrize("way", ["live.mp4", "ws"])
def test_a_viewer_that_takes_nothing_is_let_go(
    way: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lasting, "SEND_S", 0.5)
    caplog.set_level(logging.WARNING)
    with serving() as served, asked(served, LIVE) if way == "live.mp4" else ws(served, max_queue=1, close_timeout=1):
        wait_for(lambda: served.watching == 1)
        wait_for(lambda: served.watching == 0)
    assert "Traceback" not in caplog.text


def test_viewers_that_leave_are_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with serving() as served:
        with asked(served, LIVE) as connection, ws(served) as messages:
            assert connection.recv(12) == b"HTTP/1.1 200"
            messages.recv(PATIENCE_S)
            assert served.watching == 2
        wait_for(lambda: served.watching == 0)
    assert caplog.text == ""


def test_a_viewer_that_talks_is_not_listened_to() -> None:
    with serving() as served, ws(served) as messages:
        messages.recv(PATIENCE_S)
        messages.send("x" * 1024)
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(200):
                messages.send("x" * 100_000)
                messages.recv(PATIENCE_S)
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009, "too big"
        wait_for(lambda: served.watching == 0)


def test_no_more_than_a_hundred_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers_module, "_VIEWERS_MOST", 1)
    with serving() as served, asked(served, LIVE) as first:
        assert first.recv(12) == b"HTTP/1.1 200"
        with asked(served, LIVE) as second:
            assert second.recv(12) == b"HTTP/1.1 503"


@pytest.mark.parametrize(
    ("video", "browser", "shown"),
    [(True, "auto", True), (False, "auto", False), (False, "always", True), (True, "never", False)],
)
def test_what_is_shown_to_browsers(video: bool, browser: str, shown: bool) -> None:
    document = {"video": {"enabled": video}, "broadcast": {"browser": browser}, "web": {"enabled": True}}
    with tempfile.TemporaryDirectory(prefix="web-") as folder:
        viewers = viewers_of(Config.model_validate(document), Path(folder))
        assert (viewers is not None) == shown
        if viewers is not None:
            viewers.close()


def test_a_stream_that_is_over_is_gone() -> None:
    with serving("done") as served, asked(served, LIVE) as connection:
        assert connection.recv(12) == b"HTTP/1.1 410"


def test_without_a_token_pages_of_other_sites_are_refused() -> None:
    with serving() as served:
        with pytest.raises(InvalidStatus), ws(served, origin="http://elsewhere.example"):
            pass
        with ws(served, origin=f"http://127.0.0.1:{served.port}") as messages:
            assert "mime" in messages.recv(PATIENCE_S)
