"""A run that browsers watch: one encode, any number of viewers, each from a key picture on."""

import itertools
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from streamseg.control_file import RunningRun
from streamseg.testing import read_mark
from tests.broadcast.encoded import numbers
from tests.broadcast.marked import FPS, marked_file
from tests.results import read_seqs, read_summary
from tests.rtsp_recorder import RtspRecorder
from tests.runtime.jobs import Job, run

SECONDS = 120


@contextmanager
def served(folder: Path, *arguments: str, noisy: bool = False) -> Iterator[tuple[Job, RunningRun]]:
    """A run of a marked file with --serve, and where it is asked."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    clip = marked_file(folder / "clip.mp4", SECONDS, noisy=noisy)
    usual = f"gate={clip}", "--realtime", "--serve", "--port", "0", "--cutouts", "none", "--draw", "none"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        with run(*usual, *arguments, out=folder / "out") as job:
            job.wait_until(lambda: list(runtime.glob("streamseg/*.json")))
            job.wait_for_lines("gate", 1)
            [file] = runtime.glob("streamseg/*.json")
            yield job, RunningRun(**json.loads(file.read_text()))


def url_of(running: RunningRun, what: str, token: str | None = None) -> str:
    given = running.token if token is None else token
    return f"{running.url}/api/v1/streams/gate/{what}?access_token={given}"


def read_some(url: str, enough: int) -> bytes:
    """The begin of an answer that never ends."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        content = b""
        while len(content) < enough:
            content += answer.read1(65536)
    return content


def whole_fragments(content: bytes) -> bytes:
    return content[: content.rindex(b"moof") - 4]


def messages(url: str, count: int) -> tuple[dict[str, Any], list[bytes]]:
    """What a WebSocket tells first, and so many messages after it."""
    with connect(url.replace("http:", "ws:"), max_size=None) as socket:
        told = json.loads(socket.recv(60))
        return told, [socket.recv(60) for _ in range(count)]


def jpegs(content: bytes) -> list[np.ndarray]:
    parts = content.split(b"--picture\r\n")[1:-1]
    return [cv2.imdecode(np.frombuffer(p.split(b"\r\n\r\n", 1)[1][:-2], np.uint8), cv2.IMREAD_GRAYSCALE) for p in parts]


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def consecutive(found: list[int | None]) -> bool:
    return found == list(range(found[0], found[0] + len(found))) and found[0] % (2 * FPS) == 0


def test_five_watch_one_encode_in_all_ways_and_the_run_loses_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as (job, running), ThreadPoolExecutor(5) as pool:
        films = [pool.submit(read_some, url_of(running, "live.mp4"), 10_000) for _ in range(3)]
        socket = pool.submit(messages, url_of(running, "ws"), 31)
        pictures = pool.submit(read_some, url_of(running, "live.mjpg"), 20_000)
        for film in films:
            assert consecutive(numbers(whole_fragments(film.result())))
        told, parts = socket.result()
        assert told["mime"].startswith('video/mp4; codecs="avc1.')
        assert consecutive(numbers(b"".join(parts))) and len(numbers(b"".join(parts))) == 30
        found = [read_mark(picture) for picture in jpegs(pictures.result())]
        assert len(found) > 2 and {b - a for a, b in itertools.pairwise(found)} == {2}, "five a second of ten"
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
    account = read_summary(tmp_path / "out")["streams"]["gate"]
    assert not account["dropped"] and account["emitted"] == len(read_seqs(tmp_path / "out", "gate"))


def test_who_may_watch_and_what_there_is(tmp_path: Path) -> None:
    with served(tmp_path) as (job, running):
        for what in ("live.mp4", "live.mjpg"):
            assert status_of(url_of(running, what, token="wrong")) == 401
            assert status_of(f"{running.url}/api/v1/streams/gate/{what}") == 401
            assert status_of(url_of(running, what).replace("/gate/", "/door/")) == 404
        # the token opens nothing else by way of the address
        assert status_of(f"{running.url}/api/v1/streams?access_token={running.token}") == 401
        for url in (url_of(running, "ws", token="wrong"), url_of(running, "ws").replace("/gate/", "/door/")):
            with pytest.raises(InvalidStatus) as refused:
                messages(url, 1)
            assert refused.value.response.status_code == 403
        # the sink's process dies: who watches goes on with what its successor encodes
        before = job.lines("gate")
        with urllib.request.urlopen(url_of(running, "live.mp4"), timeout=60) as answer:
            content = answer.read1(65536)
            assert job.kill("sinks-0")
            job.wait_for_lines("gate", before + 2 * FPS)
            size = len(content)
            while len(content) < size + 9_000:
                content += answer.read1(65536)
        found = numbers(whole_fragments(content))
        assert found == sorted(found) and None not in found
        # pictures that the dead process had not sent yet are lost, at most those from a key picture to the next
        assert len(set(range(found[0], found[-1] + 1)) - set(found)) <= 2 * FPS


def asked(running: RunningRun, path: str, body: dict[str, Any] | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {running.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(running.url + path, data, headers), timeout=60) as answer:
        return answer.read()


def test_a_stream_that_comes_later_is_pushed_too_and_how_it_gets_on_is_told_without_its_password(
    tmp_path: Path,
) -> None:
    def pushes() -> list[dict[str, Any]]:
        return json.loads(asked(running, "/api/v1/run"))["pushes"]

    with (
        RtspRecorder(tmp_path / "server", user="me", password="s3cret") as server,
        served(tmp_path, "--jobs", "2") as (job, running),
    ):
        assert pushes() == [] and "broadcast-0" not in job.workers()
        clip = str(tmp_path / "clip.mp4")
        added = asked(running, "/api/v1/streams", {"source": clip, "name": "door", "push": [server.url]})
        job.wait_until(lambda: any(push["sent"] > 3 for push in pushes()))
        [push] = pushes()
        assert (push["stream"], push["state"], push["reason"]) == ("door", "streaming", None)
        metrics = asked(running, "/metrics").decode()
        shown = server.url.replace("me:s3cret", "***")
        assert f'streamseg_push_state{{state="streaming",stream="door",url="{shown}"}} 1.0' in metrics
        assert f'streamseg_push_state{{state="backing-off",stream="door",url="{shown}"}} 0.0' in metrics
        assert f'streamseg_push_pictures_total{{stream="door",url="{shown}"}}' in metrics
        assert push["url"] == shown and "s3cret" not in added.decode() + metrics + json.dumps(push)
        refused = {"source": clip, "name": "third", "push": [server.url]}
        with pytest.raises(urllib.error.HTTPError) as error:
            asked(running, "/api/v1/streams", refused)
        assert error.value.code == 422 and b"of both door and third" in error.value.read()
        for process in psutil.Process(job.process.pid).children(recursive=True):
            assert "s3cret" not in " ".join(process.cmdline())
