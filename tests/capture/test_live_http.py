"""Files, MJPEG and HLS over HTTP from a small server in this process."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from streamseg.capture import is_live, open_source, parse_source
from streamseg.capture.file import FileSource
from streamseg.capture.live import LiveSource
from streamseg.config import CaptureConfig
from streamseg.errors import SourceInvalid, SourceNotFound, SourceRefused, SourceUnreachable
from streamseg.records import Place

from .conftest import WriteClip, picture


class _Handler(BaseHTTPRequestHandler):
    files: Path
    seekable = True

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/video.mjpg":
            return self._send_mjpeg()
        if path == "/secret.mp4":
            return self.send_error(403)
        try:
            content = (self.files / path[1:]).read_bytes()
        except OSError:
            return self.send_error(404)
        return self._send_file(content)

    def _send_file(self, content: bytes) -> None:
        if not self.seekable:
            self.send_response(200)
            self.send_header("Accept-Ranges", "none")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self._write(content)
            return
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self._write(content[first:])

    def _send_mjpeg(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
        self.end_headers()
        for index in range(200):
            jpeg = cv2.imencode(".jpg", picture(index, 96, 64)[..., ::-1])[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            if not self._write(head.encode() + jpeg + b"\r\n"):
                return
            time.sleep(0.02)

    def _write(self, content: bytes) -> bool:
        try:
            self.wfile.write(content)
        except OSError:
            return False
        return True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def seekable() -> bool:
    """Whether the server sends parts of a file."""
    return True


@pytest.fixture
def base(tmp_path: Path, seekable: bool) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"files": tmp_path, "seekable": seekable})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _file(url: str, **capture: Any) -> FileSource:
    return FileSource(url, CaptureConfig(**capture), "web")


def test_a_file_by_url_is_read_like_a_file(base: str, write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4", frames=30, audio=True)
    source = open_source(parse_source(f"{base}/{path.name}?token=hush"), CaptureConfig(start=0.4))
    info = source.open()
    assert (info.live, info.frames, info.audio_from) == (False, 20, None)
    assert info.source == f"{base}/clip.mp4?token=***"
    local = list(FileSource(str(path), CaptureConfig(start=0.4), "local"))
    assert [(f.seq, f.pts_ns) for f in source] == [(f.seq, f.pts_ns) for f in local]


def test_errors_of_a_file_by_url(base: str, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video" * 100)
    with pytest.raises(SourceNotFound, match=r"missing\.mp4: not found"):
        _file(f"{base}/missing.mp4").open()
    with pytest.raises(SourceRefused, match=r"access refused"):
        _file(f"{base}/secret.mp4").open()
    with pytest.raises(SourceInvalid, match=r"no video that can be decoded"):
        _file(f"{base}/text.mp4").open()
    with pytest.raises(SourceUnreachable, match=r"cannot be reached"):
        _file("http://127.0.0.1:9/clip.mp4").open()


def test_mjpeg_is_timed_by_its_arrival(base: str) -> None:
    url = f"{base}/video.mjpg"
    assert is_live(url)
    source = LiveSource(url, CaptureConfig(), "door")
    assert source.open().size_hw == (64, 96)
    frames = list(islice(source, 30))
    source.close()
    assert frames[0].color.full_range and frames[0].color.chroma_site == "center"
    steps = [b.pts_ns - a.pts_ns for a, b in pairwise(frames)]
    arrivals = [b.arrived_ns - a.arrived_ns for a, b in pairwise(frames)]
    assert steps == arrivals


def test_hls(base: str, write_clip: WriteClip, tmp_path: Path) -> None:
    write_clip("a.ts", frames=20)
    (tmp_path / "live.m3u8").write_text(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\na.ts\n#EXT-X-ENDLIST\n"
    )
    source = LiveSource(f"{base}/live.m3u8", CaptureConfig(max_frames=20), "hls")
    assert [f.seq for f in source] == list(range(20))


def test_hls_cannot_read_local_files(base: str, write_clip: WriteClip, tmp_path: Path) -> None:
    path = write_clip("a.ts", frames=20)
    (tmp_path / "evil.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\nfile://{path}\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises((SourceInvalid, SourceUnreachable)):
        LiveSource(f"{base}/evil.m3u8", CaptureConfig(reconnect_tries=0), "hls").open()


@pytest.mark.parametrize("seekable", [True, False])
def test_a_file_by_url_goes_on(base: str, write_clip: WriteClip) -> None:
    # larger than what is buffered
    path = write_clip("clip.mp4", frames=60, mux={"movflags": "faststart"}, source=_noise)
    local = list(FileSource(str(path), CaptureConfig(), "local"))
    source = _file(f"{base}/clip.mp4")
    source.open(Place(34, local[34].pts_ns))
    rest = list(source)
    assert [(f.seq, f.pts_ns) for f in rest] == [(f.seq, f.pts_ns) for f in local[35:]]
    for one, other in zip(rest, local[35:], strict=True):
        np.testing.assert_array_equal(one.planes.y, other.planes.y)


def _noise(index: int, width: int, height: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 255, (height, width, 3), np.uint8)


def test_mjpeg_goes_on_by_the_time_that_passed(base: str) -> None:
    place = Place(9, 5_000_000_000, time.monotonic_ns() - 2_000_000_000)
    source = LiveSource(f"{base}/video.mjpg", CaptureConfig(max_frames=13), "door")
    source.open(place)
    frames = list(source)
    assert [f.seq for f in frames] == [10, 11, 12]
    assert [f.pts_ns - place.pts_ns for f in frames] == [f.arrived_ns - place.arrived_ns for f in frames]
