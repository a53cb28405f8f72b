"""SIGINT and SIGTERM to a job in a process of its own: what is left can be read, and the accounts close."""

import contextlib
import itertools
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest

from tests.blobs import picture, write_mp4
from tests.results import count_video_frames, read_seqs, read_summary

_ROOT = Path(__file__).resolve().parent.parent

_CHILD = """
import sys, time
from pathlib import Path
from streamseg import run as job
from streamseg.capture import parse_source
from streamseg.config import Config
from tests.blobs import BlobNetwork

kind, out, *sources = sys.argv[1:]

class Network(BlobNetwork):
    def __call__(self, samples):
        if kind == "stuck":
            Path(out, "stuck").touch()
            time.sleep(60)
        return super().__call__(samples)

def load(model):
    if kind == "loading":
        Path(out, "loading").touch()
        time.sleep(60)
    return Network()

job.load_network = load
streams = [parse_source(source) for source in sources]
config = Config.model_validate({"streams": streams, "output": {"dir": out}, "capture": {"pace": "realtime"}, "jobs": 2,
    "runtime": {"single_process": True}})
sys.exit(job.run(config))
"""


def _child(kind: str, out: Path, *sources: Path | str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CHILD, kind, str(out), *map(str, sources)]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_until(child: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 60
    while not condition():
        assert child.poll() is None, child.communicate()[1]
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains(tmp_path: Path, number: signal.Signals) -> None:
    sources = [write_mp4(tmp_path / f"{name}.mp4", 1500) for name in "abc"]
    out = tmp_path / "out"
    child = _child("plain", out, *sources)
    _wait_until(child, lambda: min(_lines(out / name / "objects.jsonl") for name in "ab") >= 5)
    child.send_signal(number)
    _, told = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "draining" in told

    document = read_summary(out)
    assert document["exit_status"] == 130
    assert {stream["state"] for stream in document["streams"].values()} == {"stopped"}
    assert document["streams"]["c"]["captured"] == 0
    for name in "ab":
        stream = document["streams"][name]
        assert 5 <= stream["emitted"] == stream["captured"] < 1500
        assert read_seqs(out, name) == list(range(stream["emitted"]))
        assert count_video_frames(out, name) == stream["emitted"]


class _Camera(BaseHTTPRequestHandler):
    """An endless multipart JPEG stream, as cheap network cameras send it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        with contextlib.suppress(OSError):
            for index in itertools.count():
                jpeg = cv2.imencode(".jpg", picture(index))[1].tobytes()
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
                self.wfile.write(b"Content-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg))
                time.sleep(0.02)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


def test_a_signal_ends_a_camera_and_its_account_closes(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = tmp_path / "out"
    child = _child("plain", out, f"gate=http://127.0.0.1:{server.server_port}/video")
    _wait_until(child, lambda: _lines(out / "gate" / "objects.jsonl") >= 5)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=30)
    server.shutdown()
    server.server_close()
    assert child.returncode == 130, told
    stream = read_summary(out)["streams"]["gate"]
    assert (stream["state"], stream["error"], stream["in_flight"]) == ("stopped", None, 0)
    assert read_seqs(out, "gate") == list(range(stream["emitted"]))
    assert count_video_frames(out, "gate") == stream["emitted"]


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    child = _child("stuck", out, write_mp4(tmp_path / "a.mp4", 30))
    _wait_until(child, (out / "stuck").exists)
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=0.5)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130


def test_a_signal_while_the_network_loads_ends_the_job(tmp_path: Path) -> None:
    out = tmp_path / "out"
    child = _child("loading", out, write_mp4(tmp_path / "a.mp4", 30))
    _wait_until(child, (out / "loading").exists)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130
    stream = read_summary(out)["streams"]["a"]
    assert (stream["state"], stream["captured"]) == ("stopped", 0)
