"""Which tracks are cut out when: through the tracker, as the pipeline does."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from streamseg.config import BestShotConfig, CutoutsConfig, TrackingConfig, ZoneConfig
from streamseg.geometry import SoftMask
from streamseg.records import Cutout, Extraction
from streamseg.tracking import ObjectTracker
from streamseg.tracking.cutouts import CutoutPlan
from tests.tracking.composites import texture
from tests.tracking.scenes import LABELS, SIZE_HW, Found, feed, instances, make_tracker, person, rgb_frame

STREET = cv2.resize(np.rint(texture(5, (30, 40, 50), (200, 210, 220), 0.8)).astype(np.uint8), SIZE_HW[::-1])


def cutouts(out: list[Extraction], purpose: str) -> list[Cutout]:
    return [cutout for e in out for cutout in e.cutouts if cutout.purpose == purpose]


def crowd() -> list[Found]:
    corners = [(4 + 26 * (i % 12), 4 + 58 * (i // 12)) for i in range(48)]
    return [((x, y, x + 24, y + 54), 0.9, "person") for x, y in corners]


def row_of_people(count: int) -> list[Found]:
    return [((4 + 31 * i, 60, 30 + 31 * i, 120), 0.9, "person") for i in range(count)]


def test_one_a_second_of_each_and_never_many_in_one_frame() -> None:
    out = feed(make_tracker(every=1.0), [row_of_people(10)] * 104)
    per_track = Counter(c.track.id for c in cutouts(out, "due"))
    assert per_track == dict.fromkeys(range(1, 11), 4)
    assert max(len(cutouts([e], "due")) for e in out) <= 2
    assert max(len(cutouts([e], "best")) for e in out) <= 4


def test_all_cuts_every_frame_once_active() -> None:
    out = feed(make_tracker(every="all"), [[person(100)]] * 10)
    assert [len(cutouts([e], "due")) for e in out] == [0, 0] + [1] * 8


def test_best_gives_only_best_shots_and_none_gives_nothing() -> None:
    scene = [[person(100)]] * 60
    best = feed(make_tracker(every="best"), scene)
    assert len(cutouts(best, "best")) == 1 and not cutouts(best, "due")
    assert not any(e.cutouts for e in feed(make_tracker(every="none"), scene))


def test_the_first_best_shot_comes_as_soon_as_a_track_is_active() -> None:
    out = feed(make_tracker(every="best"), [[person(100)]] * 6)
    assert [len(e.cutouts) for e in out] == [0, 0, 1, 0, 0, 0]
    shot = out[2].cutouts[0]
    assert shot.track.state == "active" and set(shot.terms) >= {"sharpness", "completeness"}


def test_a_better_shot_replaces_the_best_only_by_a_margin() -> None:
    """Blurred, then a little, then quite sharp: the score of each best shot beats the one before by a tenth."""
    tracker = make_tracker(every="best", better_by=0.1)
    pictures = [cv2.GaussianBlur(STREET, (0, 0), sigma) for sigma in (6, 6, 6, 6, 5.9, 3, 3, 1, 1)] + [STREET] * 4
    out = [tracker.update(rgb_frame(p, i, i / 25), instances([person(100)])) for i, p in enumerate(pictures)]
    scores = [c.shot_score for c in cutouts(out, "best")]
    assert len(scores) >= 3
    assert all(after >= 1.1 * before for before, after in pairwise(scores))
    assert scores[-1] == pytest.approx(max(scores))
    assert not out[4].cutouts


def test_of_equal_scores_the_one_with_the_surer_outline_is_better() -> None:
    tracker = make_tracker(every="best", better_by=0)
    taken: list[int] = []
    for i, value in enumerate([200] * 5 + [160] * 5 + [255] * 5):
        found = instances([person(100)])
        mask = SoftMask(np.minimum(found.masks[0].alpha, np.uint8(value)), found.masks[0].box)
        out = tracker.update(rgb_frame(STREET, i, i / 25), replace(found, masks=(mask,)))
        taken += [out.frame.seq for _ in out.cutouts]
    assert taken == [2, 10]


def test_every_track_gets_its_first_best_shot_though_few_are_cut_in_a_frame() -> None:
    out = feed(make_tracker(every="best"), [row_of_people(8)] * 12)
    assert sorted(c.track.id for c in cutouts(out, "best")) == list(range(1, 9))


def test_few_shots_are_looked_at_in_a_frame_and_all_tracks_get_their_turn() -> None:
    tracker = make_tracker(every="best")
    looked: list[set[int]] = []
    for i in range(32):
        feed(tracker, [crowd()], first=i)
        looked.append({t.id for t in tracker.state.tracks if t.shot_ns == tracker.state.clock_ns})
    assert max(map(len, looked)) == 12
    assert set.union(*looked[24:]) == set(range(1, 49))


def test_due_and_best_in_one_frame_share_the_pixels() -> None:
    out = feed(make_tracker(every="all"), [[person(100)]] * 4)
    due, best = out[2].cutouts
    assert (due.purpose, best.purpose) == ("due", "best") and best.shot_score > 0 == due.shot_score
    assert due.rgba is best.rgba


def test_the_small_the_tentative_and_the_lost_are_not_cut_out() -> None:
    small: list[Found] = [((50, 50, 65, 95), 0.9, "person")]
    assert not cutouts(feed(make_tracker(every="all"), [small] * 8), "due")
    tracker = make_tracker(every="all")
    feed(tracker, [[person(100)]] * 4)
    assert not any(e.cutouts for e in feed(tracker, [[], [], None, None], first=4))


def test_what_the_network_did_not_look_at_is_not_cut_out() -> None:
    tracker = make_tracker(every="all")
    feed(tracker, [[person(100)]] * 4)
    out = feed(tracker, [None, None, [person(100)]], first=4)
    assert [len(cutouts([e], "due")) for e in out] == [0, 0, 1]


def test_one_overdue_is_cut_out_when_it_shows_again() -> None:
    tracker = make_tracker(every=0.5)
    feed(tracker, [[person(100)]] * 20)
    feed(tracker, [[]] * 25, first=20)
    assert len(cutouts(feed(tracker, [[person(100)]], first=45), "due")) == 1


def test_a_crowds_first_best_shots_come_within_a_second_of_confirmation() -> None:
    out = feed(make_tracker(every="best"), [crowd()] * 40)
    firsts = {c.track.id: e.frame.pts_ns - c.history.confirmed_ns for e in out for c in e.cutouts if c.history}
    assert len(firsts) == 48 and max(firsts.values()) < 1_000_000_000
    assert max(len(e.cutouts) for e in out) == 4


def test_pictures_of_one_frame_cover_no_more_than_it() -> None:
    """They must fit where results of a frame are kept; who does not fit in comes in the next one."""
    large: list[Found] = [((2 + 40 * i, 10, 152 + 40 * i, 230), 0.9, "person") for i in range(4)]
    out = feed(make_tracker(every="best"), [large] * 8, fps=5)
    assert [len(e.cutouts) for e in out[2:5]] == [2, 2, 0]
    alone: list[Found] = [((1, 1, 319, 239), 0.9, "person")]
    assert cutouts(feed(make_tracker(every="best"), [alone] * 4), "best")


def test_the_best_few_are_ranked_and_lie_apart() -> None:
    tracker = make_tracker(every="best", top_k=3, spacing_s=0.2)
    sigmas = [6.0] * 8 + [3.0] * 8 + [1.0] * 8 + [4.0] * 8
    pictures = [cv2.GaussianBlur(STREET, (0, 0), sigma) for sigma in sigmas]
    out = [tracker.update(rgb_frame(p, i, i / 25), instances([person(100)])) for i, p in enumerate(pictures)]
    shots = cutouts(out, "best")
    assert all(extraction.frame.seq in c.ranking for extraction in out for c in extraction.cutouts)
    last = shots[-1].ranking
    assert len(last) == 3 and all(abs(a - b) >= 5 for a in last for b in last if a != b)
    assert 16 <= last[0] < 24
    of = {extraction.frame.seq: c.shot_score for extraction in out for c in extraction.cutouts}
    assert [of[seq] for seq in last] == sorted((of[seq] for seq in last), reverse=True)


@pytest.mark.parametrize(
    ("gates", "frames"),
    [
        ({"after_s": 0.2}, range(7, 20)),
        ({"until_s": 0.2}, range(2, 8)),
        ({"classes": ["vehicle"]}, range(0)),
        ({"classes": ["person"]}, range(2, 20)),
    ],
)
def test_gates_say_when_and_of_whom_shots_are_taken(gates: dict[str, Any], frames: range) -> None:
    tracker = make_tracker(every="best", better_by=0, spacing_s=0, top_k=20, **gates)
    out = feed(tracker, [[person(100)]] * 20)
    assert [e.frame.seq for e in out if e.cutouts] == list(frames)


def test_a_zone_as_a_gate_is_where_the_object_stands() -> None:
    door = ZoneConfig(name="door", polygon=[(100, 100), (150, 100), (150, 200), (100, 200)])
    config = BestShotConfig(zones=["door"], better_by=0, spacing_s=0, top_k=20)
    plan = CutoutPlan(CutoutsConfig(every="best"), config, [door])
    tracker = ObjectTracker(LABELS, TrackingConfig(), plan, score=0.35)
    out = feed(tracker, [[person(60 + 5 * i)] for i in range(20)])
    feet = [(e.tracks[0].box[0] + e.tracks[0].box[2]) / 2 for e in out if e.cutouts]
    assert len(feet) > 6 and min(feet) >= 99 and max(feet) <= 151


def test_each_best_shot_is_logged_with_its_terms(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "streamseg.tracking.cutouts")
    feed(make_tracker(every="best"), [[person(100)]] * 4)
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("best_shot stream=cam seq=2 track=1 rank=1 score=0.")
    for name in ("confidence", "size", "completeness", "sharpness", "exposure"):
        assert f" {name}=" in line


def test_the_fewer_frames_a_second_the_more_shots_a_frame() -> None:
    """What is limited is work in a second of media time: at 20 frames a second nobody here has to wait for a turn."""
    growing: list[list[Found]] = [
        [((14 + 60 * i, 60, 30 + 60 * i + 4 * step, 90 + 6 * step), 0.9, "person") for i in range(5)]
        for step in range(7)
    ]
    slow = feed(make_tracker(every="best", spacing_s=0), growing, fps=20)
    assert [len(e.cutouts) for e in slow[2:]] == [5] * 5
    fast = feed(make_tracker(every="best", spacing_s=0), growing, fps=100)
    assert max(len(e.cutouts) for e in fast) == 1
