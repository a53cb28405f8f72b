"""When the network looks, and what is told of the frames between: pictures drawn by hand, a scene that moves."""

import cv2
import msgspec
import numpy as np
import pytest

from streamseg.config import ZoneConfig
from streamseg.preprocess.fit_view import FitView
from streamseg.preprocess.looks import Looks, LooksState
from streamseg.preprocess.picture_flow import flow_back
from streamseg.preprocess.worth import is_still, is_worth_a_look
from streamseg.records import Frame, Planes

VIEW, SIZE = (288, 512), (288, 512)
STEP_NS = 40_000_000
BACKDROP = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, SIZE, dtype=np.uint8), (0, 0), 3)
THING = cv2.GaussianBlur(np.random.default_rng(2).integers(100, 255, (96, 64), dtype=np.uint8), (0, 0), 2)
GREY = np.full((144, 256), 128, np.uint8)


def frame(seq, *things, luma=BACKDROP, pts_ns=None):
    """The backdrop with things at x, y."""
    luma = luma.copy()
    for x, y in things:
        luma[y : y + 96, x : x + 64] = THING
    return Frame("s", seq, seq * STEP_NS if pts_ns is None else pts_ns, Planes(luma, GREY, GREY))


def looks(every="auto", state=None, **fit):
    return Looks(FitView(VIEW, **fit), every, state)


def looked_at(frames, every="auto"):
    """The seqs that are for the network."""
    one = looks(every)
    return [frame.seq for frame in frames if one(frame).number]


def test_one_of_so_many_whatever_happens():
    assert looked_at([frame(seq) for seq in range(10)], every=4) == [0, 4, 8]
    assert looked_at([frame(seq, (40 * seq, 50)) for seq in range(10)], every=4) == [0, 4, 8]


def test_where_nothing_changes_looks_become_rare():
    assert looked_at([frame(seq) for seq in range(160)]) == [0, 1, 3, 7, 15, 31, 63, 113]


def test_noise_is_no_change():
    noise = np.random.default_rng(3)
    grainy = [
        frame(seq, luma=np.clip(BACKDROP + noise.normal(0, 6, SIZE), 0, 255).astype(np.uint8)) for seq in range(40)
    ]
    assert looked_at(grainy) == [0, 1, 3, 7, 15, 31]


def test_the_first_frames_are_looked_at_where_something_moves():
    assert looked_at([frame(seq, (100 + 2 * seq, 50)) for seq in range(3)]) == [0, 1, 2]


def test_what_moves_gently_is_looked_at_now_and_then():
    seqs = looked_at([frame(seq, (100 + 2 * seq, 50)) for seq in range(30)])
    assert len(seqs) <= 12
    assert max(np.diff(seqs)) <= 4, "at least every 0.16 s"


def test_what_comes_into_sight_is_looked_at_at_once():
    assert 45 in looked_at([frame(seq, *[(300, 100)] * (seq >= 45)) for seq in range(50)])


def test_what_is_fast_is_looked_at_more_often_than_what_is_slow():
    slow, fast = ([frame(seq, (20 + step * seq, 50)) for seq in range(30)] for step in (1, 12))
    assert len(looked_at(fast)) > 1.5 * len(looked_at(slow))


def test_change_in_a_zone_to_exclude_is_none():
    zone = ZoneConfig(name="tree", kind="exclude", polygon=[(250, 50), (450, 50), (450, 250), (250, 250)])
    one = looks(zones=[zone])
    assert [seq for seq in range(60) if one(frame(seq, *[(300, 100)] * (seq >= 45))).number] == [0, 1, 3, 7, 15, 31]


@pytest.mark.parametrize("pts_ns", [0, 10**12])
def test_a_jump_in_time_is_looked_at(pts_ns):
    one = looks()
    for seq in range(20):
        one(frame(seq))
    assert one(frame(20, (100, 100), pts_ns=pts_ns)).number


def test_frames_are_numbered_as_they_are_looked_at():
    one = looks(every=3)
    assert [one(frame(seq)).number for seq in range(7)] == [1, 0, 0, 2, 0, 0, 3]


@pytest.mark.parametrize("every", [3, "auto"])
def test_a_successor_goes_on(every):
    frames = [frame(seq, (100 + 5 * seq, 50)) for seq in range(40)]
    whole, first = looks(every), looks(every)
    expected = [whole(frame) for frame in frames]
    got = [first(frame) for frame in frames[:17]]
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=LooksState)
    second = looks(every, state)
    got += [second(frame) for frame in frames[17:]]
    assert [look.number for look in got] == [look.number for look in expected]
    for one, other in zip(got, expected, strict=True):
        assert (one.flow is None) == (other.flow is None)
        assert one.flow is None or np.array_equal(one.flow.back, other.flow.back)


@pytest.mark.parametrize(("view", "scale"), [(VIEW, 1), ((144, 256), 2)])
def test_flow_is_told_in_pixels_of_the_frame_since_the_last_look(view, scale):
    one = Looks(FitView(view), 3)
    one(frame(0, (200, 100)))
    one(frame(1, (206, 102)))
    flow = one(frame(2, (212, 104))).flow
    assert flow.since == 0 and flow.box == (0, 0, 512, 288)
    rows, columns = flow.back.shape[:2]
    assert (rows, columns) == (36 // scale, 64 // scale)
    inside = flow.back[(120 * rows) // 288 : (180 * rows) // 288, (225 * columns) // 512 : (260 * columns) // 512]
    assert np.median(inside, axis=(0, 1)) == pytest.approx([-12, -4], abs=1.5)
    assert np.abs(flow.back[:, : columns // 4]).max() < 1, "the backdrop stands still"


def test_a_region_has_its_own_place():
    one = Looks(FitView(VIEW, region=(100, 40, 300, 200)), 2)
    one(frame(0, (200, 100)))
    assert one(frame(1, (206, 102))).flow.box == (100, 40, 400, 240)


def test_a_still_picture_has_a_flow_of_nothing():
    one = looks(every=2)
    one(frame(0))
    flow = one(frame(1)).flow
    assert flow.since == 0 and not flow.back.any()


def test_frames_of_another_size_are_looked_at():
    one = looks(every=3)
    one(frame(0))
    other = Frame("s", 1, STEP_NS, Planes(BACKDROP[:200], GREY[:100], GREY[:100]))
    assert one(other).number == 2


@pytest.mark.parametrize("size", [(24, 200), (60, 80), (8, 8)])
def test_of_pictures_too_small_nobody_can_tell(size):
    before, now = BACKDROP[: size[0], : size[1]], np.roll(BACKDROP, 3, 1)[: size[0], : size[1]]
    assert flow_back(before, now) is None


def test_the_flow_does_not_depend_on_threads():
    before, now, threads = BACKDROP, np.roll(BACKDROP, 5, 1), cv2.getNumThreads()
    try:
        found = []
        for count in (1, 2, 3, 7):
            cv2.setNumThreads(count)
            found.append(flow_back(before, now))
    finally:
        cv2.setNumThreads(threads)
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_a_small_change_is_worth_nothing_and_a_large_one_is():
    change, flow = np.zeros((40, 60), np.uint8), np.zeros((40, 60, 2), np.float32)
    assert is_still(change)
    change[10:30, 10:40] = 60
    left = np.zeros_like(change)
    assert not is_still(change)
    assert not is_worth_a_look(change, left, flow)
    left[20:24, 20:24] = 60
    assert not is_worth_a_look(change, left, flow)
    left[20:25, 20:25] = 60
    assert is_worth_a_look(change, left, flow), "it covers a spot"
    assert is_worth_a_look(change, np.zeros_like(left), flow + 7), "it moved far"
