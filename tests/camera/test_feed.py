"""What leaves the camera when, without a server: clips of units that hold their own number."""

from pathlib import Path

import pytest

from streamseg.camera.clip import Clip, Unit
from streamseg.camera.condition import Condition, Format
from streamseg.camera.feed import Feed

FORMAT = Format("h264", 64, 48, 10.0)
WELL = Condition(FORMAT)


def a_clip(sent: Format = FORMAT, *, frames: int = 20, gop: int = 5, size: int = 10) -> Clip:
    data = b"".join(bytes([index]) * size for index in range(frames))
    starts = [index * size for index in range(frames + 1)]
    keys = [index % gop == 0 for index in range(frames)]
    return Clip(sent, frames / sent.fps, data, starts, keys, list(range(frames)))


def numbers(units: list[Unit]) -> list[int]:
    assert all(unit.data[0] == unit.number for unit in units)
    return [unit.number for unit in units]


def played(feed: Feed, begin_s: float, end_s: float) -> list[int]:
    """What is sent while it is asked every 10 ms."""
    ticks = range(round(begin_s * 100) + 1, round(end_s * 100) + 1)
    return numbers([unit for tick in ticks for unit in feed.due(tick / 100)])


def test_real_time_and_round_the_loop() -> None:
    feed = Feed(a_clip(), WELL, -0.01)
    assert played(feed, -0.01, 2.5) == [*range(20), 0, 1, 2, 3, 4, 5]


def test_begins_with_a_key_frame() -> None:
    assert played(Feed(a_clip(), WELL, 0.25), 0.25, 0.85) == [5, 6, 7, 8]


def test_frozen_loses_what_was_due_and_goes_on_with_a_key_frame() -> None:
    feed = Feed(a_clip(), WELL, -0.01)
    assert played(feed, -0.01, 0.3) == [0, 1, 2, 3]
    feed.change(Condition(FORMAT, frozen=True), None)
    assert played(feed, 0.3, 0.7) == []
    feed.change(WELL, None)
    assert played(feed, 0.7, 1.2) == [10, 11, 12]


def test_stalled_sends_all_of_it_afterwards() -> None:
    feed = Feed(a_clip(), Condition(FORMAT, stalled=True), -0.01)
    assert played(feed, -0.01, 0.9) == []
    feed.change(WELL, None)
    assert numbers(feed.due(0.95)) == list(range(10))


def test_slow_loses_nothing_and_falls_behind() -> None:
    feed = Feed(a_clip(), Condition(FORMAT, slow=0.25), -0.01)
    seen = played(feed, -0.01, 1.9)
    assert seen == list(range(len(seen)))
    assert 4 <= len(seen) <= 6
    feed.change(WELL, None)
    assert [*seen, *numbers(feed.due(1.91))] == list(range(20))


@pytest.mark.parametrize(("fps", "gop"), [(5.0, 5), (20.0, 20)])
def test_another_clip_takes_over_with_a_key_frame_without_a_gap(fps: float, gop: int) -> None:
    feed = Feed(a_clip(), WELL, -0.01)
    assert played(feed, -0.01, 0.3) == [0, 1, 2, 3]
    other = a_clip(FORMAT._replace(fps=fps), frames=round(2 * fps), gop=gop)
    feed.change(Condition(other.format), other)
    units = [unit for tick in range(31, 190) for unit in feed.due(tick / 100)]
    # its first key frame is that of second 1
    before, after = [u for u in units if u.time_s < 0.999], [u for u in units if u.time_s >= 0.999]
    assert numbers(before) == [4, 5, 6, 7, 8, 9]
    assert after[0].is_key
    assert numbers(after) == list(range(gop, round(1.89 * fps) if fps == 20 else 10))


def test_who_was_stopped_does_not_send_what_it_missed() -> None:
    feed = Feed(a_clip(), WELL, -0.01)
    played(feed, -0.01, 0.3)
    assert all(unit.time_s >= 4.4 for unit in feed.due(4.95))


def test_a_clip_on_disk(tmp_path: Path) -> None:
    clip = a_clip()
    clip.write(tmp_path)
    assert Clip.read(tmp_path, clip.format) == clip
    assert clip.bit_rate == 8 * 200 / 2
