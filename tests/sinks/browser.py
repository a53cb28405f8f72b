"""A real browser that plays a video: what its pages see of it, and what is on the screen.

Chromium, headless, is sent to a small server here. Its page plays the video over a colour and posts what a canvas holds
of it at the end. The page is loaded when that has come, for one picture in it is served no sooner; then Chromium takes
a screenshot and ends.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from tests.chromium import screenshot

PATIENCE_S = 90
WINDOW_WH = 320, 240
_PAGE = """<!doctype html>
<body style="margin: 0; background: %(colour)s">
<video style="display: block" muted></video>
<img src="/loaded-at-the-end" style="display: none">
<script>
const video = document.querySelector("video");
function tell(what) { fetch("/told", {method: "POST", body: JSON.stringify(what)}); }
function drawn(under) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.fillStyle = under;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(video, 0, 0);
  return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
}
video.onended = () => tell({
  size: [video.videoWidth, video.videoHeight],
  duration: video.duration,
  pictures: video.getVideoPlaybackQuality().totalVideoFrames,
  clear: drawn("transparent"),
  covered: drawn("%(colour)s"),
});
video.onerror = () => tell({error: video.error.message});
video.src = "/video.webm";
video.play();
</script>
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page saw of a video at its end.

    duration in seconds; pictures: how many came; clear, covered: uint8 [h, w, 4], drawn on nothing and on the page's
    colour; screen: uint8 [h, w, 3] RGB, the screenshot.
    """

    duration: float
    pictures: int
    clear: np.ndarray
    covered: np.ndarray
    screen: np.ndarray


def play(video: Path, colour: tuple[int, int, int]) -> Seen:
    """Play a video to its end in Chromium, over a page of an RGB colour."""
    with _site(video, f"rgb{colour}") as (url, told):
        screen = screenshot(url, size_wh=WINDOW_WH, patience_s=PATIENCE_S)
    assert told.content, f"the page told nothing, chromium's {screen.said}"
    assert screen.picture is not None and "error" not in told.content, told.content
    width, height = told.content["size"]
    clear, covered = (np.array(told.content[key], np.uint8).reshape(height, width, 4) for key in ("clear", "covered"))
    return Seen(told.content["duration"], told.content["pictures"], clear, covered, screen.picture)


@dataclass(slots=True)
class _Told:
    """What the page has told."""

    content: dict[str, Any] = field(default_factory=dict)
    there: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _site(video: Path, colour: str) -> Iterator[tuple[str, _Told]]:
    told = _Told()
    pages = {
        "/": ("text/html", (_PAGE % {"colour": colour}).encode()),
        "/video.webm": ("video/webm", video.read_bytes()),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/loaded-at-the-end":
                told.there.wait(PATIENCE_S)
            kind, content = pages.get(self.path, ("text/plain", b""))
            self._answer(kind, content)

        def do_POST(self) -> None:
            told.content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer("text/plain", b"")
            told.there.set()

        def _answer(self, kind: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", told
    finally:
        told.there.set()
        server.shutdown()
        thread.join()
        server.server_close()
