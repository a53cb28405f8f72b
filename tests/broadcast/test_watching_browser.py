"""A page as docs/streams-out.md has it, in a real browser: what it shows is read off the screen."""

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from streamseg.control_file import RunningRun
from streamseg.testing import read_mark
from tests.broadcast.test_watching_runs import served
from tests.chromium import require_chromium, screenshot

DOCS = Path(__file__).resolve().parents[2] / "docs" / "streams-out.md"
PATIENCE_S = 80
SIZE = (160, 96)
_PAGE = """<!doctype html>
<style>body {{ margin: 0; background: white }} video, img {{ position: absolute; top: 0; width: 160px; height: 96px }}
video#live {{ left: 0 }} video:not(#live) {{ left: 160px }} img.stream {{ left: 320px }}
img:not(.stream) {{ display: none }}</style>
{examples}
<img src="/loaded-at-the-end">
<script>
const shown = [...document.querySelectorAll("video")], picture = document.querySelector("img");
picture.className = "stream";
setInterval(() => {{
  const counts = shown.map((video) => video.getVideoPlaybackQuality().totalVideoFrames);
  if (Math.min(...counts) >= 12 && picture.naturalWidth) fetch("/told", {{method: "POST", body: counts.join(" ")}});
}}, 100);
</script>
"""


def page(running: RunningRun) -> bytes:
    """The examples of the documentation, with this run's address and token."""
    examples = "\n".join(re.findall(r"```html\n(.*?)```", DOCS.read_text(), re.DOTALL))
    host = running.url.removeprefix("http://")
    return _PAGE.format(examples=examples.replace("127.0.0.1:8765", host).replace("TOKEN", running.token)).encode()


@contextmanager
def site(content: bytes) -> Iterator[tuple[str, threading.Event]]:
    """Serves the page; it is loaded once it has told that it shows enough."""
    told = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                told.wait(PATIENCE_S)
            self.answer(content if self.path == "/" else b"")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(b"")
            told.set()

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", told
    finally:
        told.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_documented_page_shows_the_stream_in_all_three_ways(tmp_path: Path) -> None:
    require_chromium()
    width, height = SIZE
    with served(tmp_path, noisy=True) as (job, running), site(page(running)) as (url, told):
        screen = screenshot(url, size_wh=(3 * width, 3 * height), patience_s=PATIENCE_S + 10)
        assert told.is_set() and screen.picture is not None, screen.said
        newest = job.lines("gate")
    picture = cv2.cvtColor(screen.picture, cv2.COLOR_RGB2GRAY)
    found = [read_mark(picture[:height, left : left + width]) for left in (0, width, 2 * width)]
    assert None not in found, found
    assert all(0 < newest - number < 100 for number in found), (found, newest)
