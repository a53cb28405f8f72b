"""Hand-drawn scenes: who keeps an id, who gets a new one, who is listed as what."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamseg.config import TrackingConfig
from streamseg.geometry import SoftMask
from streamseg.records import Extraction, Instances
from tests.tracking.scenes import SIZE_HW, Found, blank_frame, feed, instances, make_tracker, person


def ids(extraction: Extraction, state: str | None = None) -> list[int]:
    return [track.id for track in extraction.tracks if state in (None, track.state)]


def walk(frames: int, start: float = 20.0, step: float = 4.0) -> list[list[Found]]:
    return [[person(start + step * i)] for i in range(frames)]


def test_a_track_is_tentative_until_seen_often_enough_then_active_under_one_id() -> None:
    out = feed(make_tracker(tracking=TrackingConfig(confirm_frames=3)), walk(6))
    assert [e.tracks[0].state for e in out] == ["tentative"] * 2 + ["active"] * 4
    assert {track.id for e in out for track in e.tracks} == {1}
    assert [e.tracks[0].confirmed_label for e in out] == [None, None, "person", "person", "person", "person"]
    assert (out[-1].tracks[0].hits, out[-1].tracks[0].age) == (6, 6)


def test_the_reported_box_and_mask_are_the_detections_own() -> None:
    track = feed(make_tracker(), walk(5))[-1].tracks[0]
    assert track.box == (36.0, 100.0, 66.0, 160.0)
    assert track.mask is not None and track.mask.box == track.box


@pytest.mark.parametrize("apart", [10.0, 24.0])
def test_objects_that_cross_keep_their_ids(apart: float) -> None:
    frames = [[person(20 + 6 * i, 80), person(230 - 6 * i, 80 + apart)] for i in range(36)]
    out = feed(make_tracker(), frames)
    assert [(track.id, track.box[0]) for track in out[0].tracks] == [(1, 20.0), (2, 230.0)]
    assert [(track.id, track.box[0]) for track in out[-1].tracks] == [(1, 230.0), (2, 20.0)]


@pytest.mark.parametrize(("gap", "same"), [(1, True), (10, True), (24, True), (27, False), (40, False)])
def test_an_occlusion_keeps_the_id_up_to_lost_s(gap: int, same: bool) -> None:
    tracker = make_tracker(tracking=TrackingConfig(lost_s=1.0))
    scene = walk(60, step=3.0)
    feed(tracker, scene[:10])
    hidden = feed(tracker, [[]] * gap, first=10)
    seen = feed(tracker, scene[10 + gap : 14 + gap], first=10 + gap)
    assert all(track.state == "lost" and track.mask is None for e in hidden for track in e.tracks)
    assert ids(hidden[0]) == [1]
    assert ids(seen[-1], "active") == ([1] if same else [2])


def test_weak_detections_continue_a_track_but_never_start_one() -> None:
    tracker = make_tracker(score=0.5, tracking=TrackingConfig(low_score=0.2))
    weak = [[person(20 + 4 * i, score=0.3)] for i in range(30)]
    assert not any(e.tracks for e in feed(tracker, weak[:5]))
    strong = [[person(40 + 4 * i, score=0.9)] for i in range(3)]
    feed(tracker, strong, first=5)
    out = feed(tracker, weak[8:], first=8)
    assert all(ids(e) == [1] for e in out)
    assert all(e.tracks[0].score == pytest.approx(0.3) for e in out)
    assert ids(feed(tracker, [[person(140, score=0.1)]], first=30)[0], "lost") == [1]


def test_a_track_seen_weakly_for_long_is_not_shown_until_it_is_seen_clearly_again() -> None:
    tracker = make_tracker(score=0.5)
    feed(tracker, [[person(20 + 4 * i, score=0.8)] for i in range(8)])
    faint = feed(tracker, [[person(52 + 4 * i, score=0.3)] for i in range(20)], first=8)
    states = [e.tracks[0].state for e in faint]
    assert states == ["active"] * 8 + ["lost"] * 12  # 0.3 + 0.5 * 0.8 ** 9 is below 0.75 * 0.5
    assert all(e.tracks[0].mask is None for e in faint[8:])
    clear = feed(tracker, [[person(132 + 4 * i, score=0.9)] for i in range(4)], first=28)
    assert ids(clear[-1], "active") == [1]


def test_a_track_that_was_never_seen_clearly_is_not_confirmed() -> None:
    tracker = make_tracker(score=0.5, tracking=TrackingConfig(trust=1))
    faint = [[person(20 + 4 * i, score=0.52 if i == 0 else 0.3)] for i in range(10)]
    out = feed(tracker, faint)
    assert all(e.tracks[0].state == "tentative" and e.tracks[0].confirmed_label is None for e in out)


def test_strong_detections_are_given_out_before_weak_ones() -> None:
    tracker = make_tracker(score=0.5)
    feed(tracker, [[person(100)]] * 3)
    out = feed(tracker, [[person(100, score=0.3), person(106, score=0.9)]], first=3)[0]
    assert [track.box[0] for track in out.tracks] == [106.0]


def test_a_tentative_track_survives_one_missing_frame_but_not_two() -> None:
    one = feed(make_tracker(), [[person(50)], [], [person(50)], [person(50)]])
    assert [ids(e) for e in one] == [[1]] * 4
    assert one[1].tracks[0].state == "lost" and one[3].tracks[0].state == "active"
    two = feed(make_tracker(), [[person(50)], [], [], [person(50)]])
    assert [ids(e) for e in two] == [[1], [1], [], [2]]


def test_a_flickering_label_is_outvoted_and_never_splits_a_track() -> None:
    flicker = [[person(50, label="animal" if i in (1, 4, 7, 8) else "person")] for i in range(12)]
    out = feed(make_tracker(), flicker)
    assert {track.id for e in out for track in e.tracks} == {1}
    assert out[-1].tracks[0].label == "person"


def test_evidence_may_change_the_label_but_not_the_confirmed_one() -> None:
    out = feed(make_tracker(), [[person(50)]] * 4 + [[person(50, label="animal")]] * 12)
    assert (out[-1].tracks[0].label, out[-1].tracks[0].confirmed_label) == ("animal", "person")
    assert out[-1].tracks[0].id == 1


def test_another_class_half_beside_a_track_is_not_the_same_object() -> None:
    tracker = make_tracker()
    feed(tracker, [[person(50)]] * 4)
    out = feed(tracker, [[person(62, label="vehicle")]], first=4)[0]
    assert [(track.id, track.state) for track in out.tracks] == [(1, "lost"), (2, "tentative")]


def test_unwanted_classes_are_not_tracked() -> None:
    out = feed(make_tracker(classes=["person"]), [[person(50), person(150, label="vehicle")]] * 4)
    assert [(track.id, track.label) for track in out[-1].tracks] == [(1, "person")]


def test_two_detections_of_one_object_make_one_track() -> None:
    double = [[person(50, score=0.9), person(51, score=0.7, label="animal")]] * 20
    out = feed(make_tracker(), double)
    assert {track.id for e in out for track in e.tracks} == {1}


def test_the_younger_of_two_tracks_that_became_one_ends() -> None:
    tracker = make_tracker()
    feed(tracker, [[person(50), person(50 + 20 - 2 * i)] for i in range(9)])
    merged = [[person(50), person(52, score=0.8)]] * 8
    out = feed(tracker, merged, first=9)
    assert ids(out[0]) == [1, 2]
    assert ids(out[-1]) == [1]
    assert ids(feed(tracker, merged, first=17)[-1]) == [1]


def test_a_lost_object_on_its_way_out_ends_before_lost_s() -> None:
    tracker = make_tracker(tracking=TrackingConfig(lost_s=100.0))
    feed(tracker, [[person(200 + 10 * i)] for i in range(9)])
    out = feed(tracker, [[]] * 25, first=9)
    assert ids(out[0]) == [1] and ids(out[-1]) == []
    for track in (track for e in out for track in e.tracks):
        assert 0 <= track.box[0] < track.box[2] <= SIZE_HW[1]


def test_without_the_network_tracks_are_predicted_and_nothing_else_changes() -> None:
    tracker = make_tracker(tracking=TrackingConfig(lost_s=0.2))
    before = feed(tracker, walk(12))[-1].tracks[0]
    out = feed(tracker, [None] * 10, first=12)
    last = out[-1].tracks[0]
    assert [e.tracks[0].state for e in out] == ["active"] * 10
    assert (last.id, last.hits, last.age) == (1, before.hits, before.age + 10)
    assert last.box[0] == pytest.approx(before.box[0] + 40, abs=4)
    assert last.mask is not None and last.mask.box == last.box
    assert ids(feed(tracker, [[person(20 + 4 * 22)]], first=22)[0], "active") == [1]


def test_time_is_media_time_whatever_the_frame_rate() -> None:
    tracker = make_tracker()
    times = [0.0, 0.04, 0.08, 0.3, 0.34, 0.7, 0.71, 0.9, 1.3]
    out = [tracker.update(blank_frame(i, t), instances([person(20 + 100 * t)])) for i, t in enumerate(times)]
    assert {track.id for e in out for track in e.tracks} == {1}
    predicted = tracker.update(blank_frame(len(times), 1.6), instances([])).tracks[0]
    assert predicted.box[0] == pytest.approx(20 + 160, abs=8)


def test_time_that_jumps_back_or_stands_still_loses_no_track() -> None:
    tracker = make_tracker()
    times = [10.0, 10.04, 10.08, 10.12, 10.12, 0.0, 0.04, 0.08]
    places = [20, 26, 32, 38, 38, 40, 46, 52]
    out = [
        tracker.update(blank_frame(i, t), instances([person(x)]))
        for i, (t, x) in enumerate(zip(times, places, strict=True))
    ]
    assert [ids(e) for e in out] == [[1]] * 8


def test_one_just_seen_goes_before_one_lost() -> None:
    tracker = make_tracker()
    feed(tracker, [[person(100), person(109)]] * 4)
    feed(tracker, [[person(109)]], first=4)
    out = feed(tracker, [[person(104)]], first=5)[0]
    assert [(track.id, track.state) for track in out.tracks] == [(1, "lost"), (2, "active")]


def test_a_gap_longer_than_lost_s_ends_everything() -> None:
    tracker = make_tracker()
    feed(tracker, [[person(50)]] * 5)
    assert ids(tracker.update(blank_frame(5, 60.0), instances([person(50)]))) == [2]


def test_empty_frames_and_detections_without_area_are_nothing() -> None:
    boxes = [[50, 50, 50, 90], [60, 60, 40, 90], [np.nan, 0, 10, 10], [-50, -50, -5, -5], [400, 10, 420, 50]]
    broken = Instances(
        np.array(boxes, np.float32),
        np.full(5, 0.9, np.float32),
        np.zeros(5, np.int32),
        tuple(SoftMask(np.full((4, 4), 255, np.uint8), (0.0, 0.0, 9.0, 9.0)) for _ in boxes),
    )
    nan_score = Instances(
        np.array([[10, 10, 40, 40]], np.float32),
        np.array([np.nan], np.float32),
        np.zeros(1, np.int32),
        broken.masks[:1],
    )
    tracker = make_tracker()
    for seq, found in enumerate([Instances.none(), broken, nan_score, Instances.none()]):
        assert tracker.update(blank_frame(seq, seq / 25), found).tracks == ()


def test_hundreds_of_objects_keep_their_ids() -> None:
    grid = [(x, y) for x in range(4, 300, 14) for y in range(4, 220, 22)]
    frames = [[((x + i, y, x + 10 + i, y + 18), 0.9, "person") for x, y in grid] for i in range(5)]
    out = feed(make_tracker(), frames)
    assert len(grid) > 200 and len(out[-1].tracks) == len(grid)
    born = {track.id: track.box for track in out[0].tracks}
    assert all(track.box[0] == born[track.id][0] + 4 for track in out[-1].tracks)


coordinates = st.tuples(st.floats(-40, 330), st.floats(-40, 250), st.floats(0, 120), st.floats(0, 120))
detections = st.tuples(
    coordinates.map(lambda c: (c[0], c[1], c[0] + c[2], c[1] + c[3])),
    st.floats(0, 1),
    st.sampled_from(["person", "vehicle", "animal"]),
)
scenes = st.lists(
    st.tuples(st.floats(0, 1.5), st.one_of(st.none(), st.lists(detections, max_size=6))), min_size=1, max_size=12
)


@given(scenes)
@settings(max_examples=60, deadline=None)
def test_whatever_comes_ids_rise_boxes_are_finite_and_no_detection_serves_two(
    scene: list[tuple[float, list[Found] | None]],
) -> None:
    tracker = make_tracker(tracking=TrackingConfig(confirm_frames=2))
    ended: set[int] = set()
    alive: set[int] = set()
    highest, now = 0, 0.0
    for seq, (step, found) in enumerate(scene):
        now += step
        given_ = None if found is None else instances(found)
        out = tracker.update(blank_frame(seq, now), given_)
        assert ids(out) == sorted(set(ids(out)))
        fresh = set(ids(out)) - alive
        assert all(track_id > highest for track_id in fresh) and not fresh & ended
        highest = max([highest, *fresh])
        ended |= alive - set(ids(out))
        alive = set(ids(out))
        assert np.isfinite([track.box for track in out.tracks]).all()
        assert all((track.mask is None) == (track.state == "lost") for track in out.tracks)
        if given_ is not None:
            shown = [id(track.mask) for track in out.tracks if track.mask is not None]
            assert len(shown) == len(set(shown)) and set(shown) <= {id(mask) for mask in given_.masks}
