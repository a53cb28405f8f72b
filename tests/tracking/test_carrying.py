"""Masks and boxes moved along with the picture: flows made by hand, and a tracker that is given some."""

import msgspec
import numpy as np
import pytest

from streamseg.config import Config, ModelConfig, StreamConfig
from streamseg.geometry import SoftMask, mask_iou
from streamseg.records import Flow
from streamseg.tracking import ObjectTracker, TrackerState
from streamseg.tracking.carrying import Sights, carry, is_still
from tests.tracking.scenes import LABELS, blank_frame, ellipse_mask, instances, person

BOX, PLACE = (100.0, 80.0, 140.0, 160.0), (0.0, 0.0, 320.0, 240.0)


def sights(mask=None, seq=3, box=BOX):
    return Sights.of(seq, {7: box}, {7: mask or ellipse_mask(box, 40)})


def flow(way=(0.0, 0.0), *, since=3, rows=30, columns=40):
    """Everything came that way: where it was is the other way."""
    back = np.zeros((rows, columns, 2), np.float32)
    back[...] = -np.array(way)
    return Flow(since, back, PLACE)


def moved(box, way):
    return tuple(np.add(box, [*way, *way]).tolist())


@pytest.mark.parametrize("way", [(12, 5), (-30.5, 17.25), (0, -60), (3, 0)])
def test_a_mask_and_its_box_move_with_the_picture(way):
    found = carry(sights(), flow(way))[7]
    assert found.box == pytest.approx(moved(BOX, way), abs=0.5)
    assert mask_iou(found.mask, ellipse_mask(moved(BOX, way), 40), grid=100) > 0.97


def test_where_nothing_moved_they_are_the_same():
    found = carry(sights(), flow())[7]
    assert is_still(flow()) and not is_still(flow((1, 0))) and not is_still(None)
    assert found.box == BOX and found.mask.box == BOX
    assert np.array_equal(found.mask.alpha, ellipse_mask(BOX, 40).alpha)


def test_what_grows_grows():
    """Twice as large around its middle: what is at p was halfway between p and the middle."""
    one = flow((1, 0))
    x, y = (np.arange(40) + 0.5) * 8, (np.arange(30)[:, None] + 0.5) * 8
    one.back[..., 0], one.back[..., 1] = (120 - x) / 2, (120 - y) / 2
    found = carry(sights(), one)[7]
    assert found.box == pytest.approx((80, 40, 160, 200), abs=2)


def test_masks_bend():
    """The upper half goes to the right, the lower one to the left."""
    one = flow((1, 0))
    one.back[:15, :, 0], one.back[15:, :, 0] = -24, 24
    mask = carry(sights(SoftMask(np.full((40, 20), 255, np.uint8), BOX)), one)[7].mask.on((0, 0, 320, 240)) > 127
    assert not mask[90:105, 100:118].any() and mask[90:105, 128:160].all()
    assert not mask[135:150, 124:140].any() and mask[135:150, 80:112].all()


@pytest.mark.parametrize("given", [None, flow((3, 3), since=2), flow((400, 0))])
def test_without_a_flow_since_then_nobody_can_tell(given):
    assert carry(sights(), given) == {}


def test_what_is_nearly_gone_is_not_believed():
    assert carry(sights(), flow((208, 0))) == {}, "most of it has left the picture"
    assert carry(sights(), flow((185, 0))).keys() == {7}, "it has not left yet"


def test_an_empty_mask_is_not_carried():
    assert carry(sights(SoftMask(np.zeros((4, 4), np.uint8), BOX)), flow((3, 0))) == {}


def test_a_flow_of_few_cells_carries_what_is_smaller_than_one():
    small = (150.0, 100.0, 156.0, 108.0)
    found = carry(sights(ellipse_mask(small, 4), box=small), flow((10, 0), rows=6, columns=8))[7]
    assert found.box == pytest.approx(moved(small, (10, 0)), abs=0.5)


def tracker(every, state=None):
    config = Config(model=ModelConfig(detect_every=every))
    return ObjectTracker.of(StreamConfig(source="x"), config, LABELS, state)


def looked_at(one, frames=3, x=100.0, step=0.0):
    for seq in range(frames):
        one.update(blank_frame(seq, seq / 25), instances([person(x + step * seq)]))


def test_a_track_that_is_not_looked_at_shows_the_carried_mask():
    one = tracker(4)
    looked_at(one)
    extraction = one.update(blank_frame(3, 3 / 25), None, flow((20, 0), since=2))
    [track] = extraction.tracks
    assert not extraction.looked
    assert track.state == "active" and track.hits == 3 and track.age == 4
    wanted = ellipse_mask((120, 100, 150, 160), 16)
    assert mask_iou(track.mask, wanted, grid=100) > 0.9
    assert 105 < track.box[0] < 115, "halfway between where it was expected and where the picture went"


def test_every_frame_between_is_carried_from_the_last_look():
    one = tracker(4)
    looked_at(one)
    for seq in (3, 4, 5):
        [track] = one.update(blank_frame(seq, seq / 25), None, flow((8 * (seq - 2), 0), since=2)).tracks
    assert mask_iou(track.mask, ellipse_mask((124, 100, 154, 160), 16), grid=100) > 0.9


def test_what_stands_still_loses_its_speed():
    one = tracker("auto")
    looked_at(one, 10, step=4.0)
    for seq in range(10, 60):
        [track] = one.update(blank_frame(seq, seq / 25), None, flow(since=9)).tracks
        assert track.box == pytest.approx((136, 100, 166, 160))
    found = one.update(blank_frame(60, 60 / 25), instances([person(136)])).tracks
    assert [track.id for track in found] == [1]


def test_without_a_flow_tracks_go_on_as_they_are_expected_to():
    one, other = tracker(4), tracker(1)
    for each in (one, other):
        looked_at(each, 10, step=4.0)
    [expected] = other.update(blank_frame(10, 0.4), None).tracks
    [got] = one.update(blank_frame(10, 0.4), None, flow((5, 0), since=1)).tracks
    assert got.box == expected.box and got.mask.box == expected.mask.box


def test_masks_are_kept_only_where_frames_are_left_out():
    one, other = tracker(2), tracker(1)
    for each in (one, other):
        looked_at(each)
    assert one.state.sights.seq == 2 and len(one.state.sights.tracks) == 1
    assert other.state.sights == Sights()


def test_a_successor_carries_on():
    one = tracker(4)
    looked_at(one)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(one.state), type=TrackerState)
    assert state == one.state
    step = blank_frame(3, 3 / 25), None, flow((9, 4), since=2)
    [expected], [got] = one.update(*step).tracks, tracker(4, state).update(*step).tracks
    assert got.box == expected.box and np.array_equal(got.mask.alpha, expected.mask.alpha)
