"""What LiveSource does when a real RTSP server ends, dies or stalls."""

import os
import signal
import threading
import time
from itertools import islice, pairwise
from pathlib import Path

import pytest

from streamseg.capture import live, open_source, parse_source
from streamseg.config import CaptureConfig
from streamseg.errors import SourceUnreachable
from tests.servers import RtspServer, rtsp_server

from .conftest import LIVE, live_source


def test_a_server_that_is_killed_and_comes_back(server: RtspServer) -> None:
    source = live_source(server.url)
    source.open()
    frames = iter(source)
    seen = list(islice(frames, 5))
    assert source.status.state == "streaming"
    server.stop()
    threading.Timer(0.5, server.start).start()
    while source.status.reconnects == 0 or seen[-1].seq < 12:
        seen.append(next(frames))
    source.close()
    assert [f.seq for f in seen] == list(range(len(seen)))
    times = [f.pts_ns for f in seen]
    assert times == sorted(set(times))
    # the gap shows in media time
    assert max(b - a for a, b in pairwise(times)) > 0.3e9
    assert list(frames) == []
    assert source.status.state == "ended"


def test_lost_for_good(server: RtspServer) -> None:
    source = live_source(server.url, reconnect_tries=2)
    frames = iter(source)
    next(frames)
    server.stop()
    with pytest.raises(SourceUnreachable, match="given up after 2 tries"):
        list(frames)
    assert source.status.state == "failed"


def test_a_stream_that_ends_is_connected_again(clip: Path) -> None:
    with rtsp_server(clip, seconds=1) as server:
        source = live_source(server.url)
        frames = list(islice(source, 70))
        assert source.status.reconnects >= 1
        assert [f.seq for f in frames] == list(range(70))


def test_a_server_that_stalls_is_left_after_the_read_timeout(server: RtspServer) -> None:
    source = live_source(server.url, reconnect_tries=0, read_timeout_s=0.5)
    frames = iter(source)
    next(frames)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(SourceUnreachable):
            list(frames)
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_freshest_ends_at_once_while_the_server_stalls(server: RtspServer) -> None:
    source = open_source(parse_source(server.url), CaptureConfig(**LIVE))
    source.open()
    frames = iter(source)
    next(frames)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        waiting = threading.Thread(target=lambda: list(frames))
        waiting.start()
        source.close()
        waiting.join(timeout=1.5)
        assert not waiting.is_alive()
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_who_is_slow_gets_the_newest(server: RtspServer) -> None:
    source = open_source(parse_source(server.url), CaptureConfig(**LIVE))
    source.open()
    frames = iter(source)
    first = next(frames)
    time.sleep(0.5)
    next(frames)
    third = next(frames)
    source.close()
    assert third.seq == 2
    assert third.pts_ns - first.pts_ns > 0.3e9
    assert source.dropped["stale"] >= 5


def test_closing_what_was_never_read_leaves_the_server(server: RtspServer) -> None:
    source = live_source(server.url)
    source.open()
    source.close()
    assert list(source) == []
    assert source.status.state == "ended"


def test_a_call_that_outlasts_its_own_timeouts_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a name lookup or a driver may, which nothing can interrupt."""
    over = threading.Event()

    def stuck(*_: object, **__: object) -> None:
        over.wait()
        raise SourceUnreachable("at last")

    monkeypatch.setattr(live, "connect", stuck)
    monkeypatch.setattr(live, "_HUNG_S", 0.2)
    source = live_source("rtsp://camera/1", open_timeout_s=0.1, read_timeout_s=0.1, reconnect_tries=0)

    def open_it() -> None:
        with pytest.raises(SourceUnreachable, match="at last"):
            source.open()

    opening = threading.Thread(target=open_it)
    opening.start()
    assert not source.status.hung
    deadline_s = time.monotonic() + 20
    while not source.status.hung:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    over.set()
    opening.join()
    assert not source.status.hung


def test_a_server_that_is_not_there_yet_is_waited_for(server: RtspServer) -> None:
    server.stop()
    source = live_source(server.url, wait=True, open_timeout_s=0.3)
    threading.Timer(1.5, server.start).start()
    assert source.open().size_hw == (64, 96)
    source.close()


def test_silence_shows(server: RtspServer) -> None:
    source = live_source(server.url, read_timeout_s=30)
    frames = iter(source)
    next(frames)
    os.kill(server.pid, signal.SIGSTOP)
    reading = threading.Thread(target=lambda: list(frames))
    reading.start()
    try:
        deadline_s = time.monotonic() + 20
        while source.status.state != "stalled":
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    while source.status.state != "streaming":
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    source.close()
    reading.join()
