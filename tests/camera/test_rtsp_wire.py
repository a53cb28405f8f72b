"""What really goes over the wire: packets of RTP and RTCP, not decoded."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.camera.wire import Packets, Wire
from tests.servers import FaultyCamera


@pytest.fixture(scope="module")
def camera() -> Iterator[FaultyCamera]:
    """Large enough that a key frame takes several packets."""
    with FaultyCamera(size=(640, 360), fps=50.0, seconds=1.0) as running:
        yield running


def jumps(packets: Packets) -> list[int]:
    """From each packet's number to the next one's."""
    return [(b - a + 2**15) % 2**16 - 2**15 for a, b in pairwise(packets.numbers)]


def test_well(camera: FaultyCamera) -> None:
    with Wire(camera.url) as wire:
        packets = wire.take(100)
        assert jumps(packets) == [1] * 99
        assert {(b - a) % 2**32 for a, b in pairwise(packets.stamps)} == {0, 1800}
        [ntp_s] = wire.take_report().ntp_s
        assert abs(ntp_s - time.time()) < 5


def test_frozen_sends_nothing_at_all(camera: FaultyCamera) -> None:
    with Wire(camera.url) as wire:
        wire.take(20)
        freeze = camera.begin("freeze")
        try:
            assert wire.is_silent_soon(1.5, within_s=10)
        finally:
            camera.end(freeze)
        assert len(wire.take(20).rtp) == 20


def test_loss(camera: FaultyCamera) -> None:
    with Wire(camera.url) as wire:
        wire.take(20)
        loss = camera.begin("loss:0.3")
        lossy = jumps(wire.take(100))
        camera.end(loss)
        wire.take(40)
        assert jumps(wire.take(60)) == [1] * 59
    assert set(lossy) > {1, 2} and min(lossy) == 1


def test_reorder(camera: FaultyCamera) -> None:
    with Wire(camera.url) as wire:
        wire.take(20)
        reorder = camera.begin("reorder:0.2")
        packets = wire.take(100)
        camera.end(reorder)
    assert min(jumps(packets)) < 0
    # all come, only later
    assert len(set(packets.numbers)) == 100


def test_time_stamps_jump(camera: FaultyCamera) -> None:
    with Wire(camera.url) as wire:
        stamps = wire.take(20).stamps
        camera.begin("clock:-1m")
        stamps += wire.take(60).stamps
    assert [(b - a) % 2**32 for a, b in pairwise(stamps) if (b - a) % 2**32 not in (0, 1800)] == [
        (1800 - 60 * 90_000) % 2**32
    ]


def test_the_wall_clock_jumps(camera: FaultyCamera) -> None:
    with Wire(camera.url) as wire:
        camera.begin("ntp:-1m")
        reports = [wire.take_report().ntp_s[0] for _ in range(3)]
        camera.begin("ntp:+1m")
    assert reports[-1] - time.time() == pytest.approx(-60, abs=5)
