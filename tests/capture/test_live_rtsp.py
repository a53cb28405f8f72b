"""LiveSource against a real RTSP server in a child process."""

import socket
import threading
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from streamseg.errors import SourceInvalid, SourceNotFound, SourceRefused, SourceUnreachable
from streamseg.pixels import frame_rgb
from tests.servers import RtspServer, rtsp_server

from .conftest import live_source, picture


def test_frames_flow(server: RtspServer) -> None:
    source = live_source(server.url)
    info = source.open()
    assert (info.name, info.source, info.live, info.size_hw) == ("gate", server.url, True, (64, 96))
    assert (info.frames, info.audio_from) == (None, None)
    frames = list(islice(source, 12))
    assert [f.seq for f in frames] == list(range(12))
    times = [f.pts_ns for f in frames]
    assert times[0] == 0 and times == sorted(set(times))
    # 25 a second: media time and the clock agree, the first picture (sent before the server plays) aside
    assert 0.35e9 < times[-1] < 0.6e9
    arrivals = [f.arrived_ns for f in frames]
    assert arrivals == sorted(arrivals) and arrivals[-1] <= time.monotonic_ns()
    assert all(f.wall_quality in ("host", "ntp") and abs((f.wall_ns or 0) - time.time_ns()) < 30e9 for f in frames)
    errors = [np.abs(frame_rgb(frames[-1]).astype(int) - picture(i, 96, 64)).mean() for i in range(50)]
    assert min(errors) < 6


def test_end_and_max_frames(server: RtspServer) -> None:
    assert len(list(live_source(server.url, max_frames=3))) == 3
    assert all(0.1e9 <= f.pts_ns < 0.3e9 for f in live_source(server.url, start=0.1, end=0.3))


def test_digest_login(clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with rtsp_server(clip, user="guard", password="top-secret", seconds=5) as server:
        for login in ("", "guard:wrong-secret@", "other:top-secret@"):
            source = live_source(server.url.replace("//", f"//{login}"))
            with pytest.raises(SourceRefused, match="access refused") as raised:
                source.open()
            assert "secret" not in str(raised.value)
            assert source.status.state == "failed"
        source = live_source(server.url.replace("//", "//guard:top-secret@"))
        assert source.open().source == server.url.replace("//", "//***@")
        assert next(iter(source)).seq == 0
        source.close()
    assert "connected" in caplog.text
    assert "secret" not in caplog.text


def test_wrong_path(server: RtspServer) -> None:
    with pytest.raises(SourceNotFound, match="/nothing: not found"):
        live_source(server.url.replace("/stream", "/nothing")).open()


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_closed_port() -> None:
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match="cannot be reached"):
        live_source(f"rtsp://u:secret@127.0.0.1:{_closed_port()}/x", reconnect_tries=0, open_timeout_s=60).open()
    assert time.monotonic() - began < 30


def test_open_tries_until_its_timeout() -> None:
    source = live_source(f"rtsp://127.0.0.1:{_closed_port()}/x", open_timeout_s=0.6)
    began = time.monotonic()
    with pytest.raises(SourceUnreachable):
        source.open()
    assert time.monotonic() - began > 0.2
    assert source.status.state == "failed"


def test_unknown_host() -> None:
    with pytest.raises(SourceUnreachable, match="no such host"):
        live_source("rtsp://no-such-host.invalid/x", reconnect_tries=0).open()


@pytest.mark.parametrize("scheme", ["rtsp", "rtmp", "http"])
def test_a_host_that_never_answers(scheme: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(SourceUnreachable, match=r"no answer within 0\.\d s"):
            live_source(url, open_timeout_s=0.3).open()


def test_a_server_of_another_kind() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        threading.Thread(target=_greet, args=(server,), daemon=True).start()
        with pytest.raises((SourceInvalid, SourceUnreachable)):
            live_source(f"rtsp://127.0.0.1:{server.getsockname()[1]}/x", reconnect_tries=0).open()


def _greet(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 20)


def test_a_path_that_comes_later_is_waited_for(clip: Path) -> None:
    with rtsp_server(clip, seconds=20) as server:
        source = live_source(server.url.replace("/stream", "/later"), wait_for_publisher=True, open_timeout_s=1.5)
        with pytest.raises(SourceNotFound):  # wait is false in these tests: given up after open_timeout_s
            source.open()
        assert source.status.state == "failed"
