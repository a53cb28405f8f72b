"""UTC of live frames, and by whose clock."""

import time
from itertools import pairwise

import pytest

from streamseg.capture.wall_clock import Arrival, WallClock
from tests.servers import RtspServer

from .conftest import live_source

_S = 1_000_000_000


def off_by(seconds: float, choice: str) -> tuple[float, str]:
    """What becomes of a sender's clock that is off by so many seconds: how far the result is off, and its quality."""
    now_ns = time.time_ns()
    arrival = Arrival(time.monotonic_ns(), now_ns + round(seconds * _S))
    wall_ns, quality = WallClock("gate", choice).read(arrival)
    return (wall_ns - now_ns) / _S, quality


def test_a_sender_that_agrees_is_believed() -> None:
    assert off_by(-0.25, "auto") == (-0.25, "ntp")


@pytest.mark.parametrize("seconds", [-3600.0, -2.5, 2.5, 1e9])
def test_a_sender_that_cannot_be_right_is_not(seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    off, quality = off_by(seconds, "auto")
    assert abs(off) < 0.5 and quality == "host"
    assert f"off by {seconds:.1f} s" in caplog.text


def test_who_is_to_be_believed_can_be_said() -> None:
    assert off_by(-3600, "sender") == (-3600, "ntp")
    off, quality = off_by(-0.25, "host")
    assert abs(off) < 0.2 and quality == "host"


def test_without_a_report_the_host_s_clock_at_arrival_counts() -> None:
    wall_ns, quality = WallClock("gate", "sender").read(Arrival(time.monotonic_ns() - 5 * _S))
    assert abs(wall_ns - (time.time_ns() - 5 * _S)) < 0.5 * _S and quality == "host"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_real_sender_s_reports(server: RtspServer, transport: str) -> None:
    source = live_source(server.url, rtsp_transport=transport)
    frames = []
    for frame in source:
        frames.append(frame)
        if frame.wall_quality == "ntp" and len(frames) % 25 == 0:
            break
    source.close()
    told = [frame for frame in frames if frame.wall_quality == "ntp"]
    # the server is on this machine: its clock is ours
    assert all(abs((frame.wall_ns or 0) - time.time_ns()) < 30 * _S for frame in told)
    # libav gives the first frame after the first report the time of the one before
    steps_ms = sorted(round((b.wall_ns - a.wall_ns) / 1e6) for a, b in pairwise(told[1:]))  # type: ignore[operator]
    assert steps_ms[len(steps_ms) // 2] == 40  # the sender's own, whenever its packets arrived
