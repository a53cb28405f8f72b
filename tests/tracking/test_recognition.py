"""Objects known by what they look like: after a crossing, after having been hidden, across a worker's death."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from streamseg.config import TrackingConfig
from streamseg.records import Extraction, Instances
from streamseg.tracking import ObjectTracker, TrackerState
from streamseg.tracking.association import Sightings, likeness, overlaps
from streamseg.tracking.recognition import recognise
from tests.tracking.scenes import Found, blank_frame, ellipse_mask, instances, make_tracker, person

RED, BLUE, GREEN = np.eye(3, 8, dtype=np.float32)
STOP = 60.0
Look = np.ndarray
Seen = tuple[Found, Look]


def sight(*seen: Seen) -> Instances:
    """Detections of (box, score, label) with what they look like; the scores must not rise."""
    found = instances([one for one, _ in seen])
    return replace(
        found, appearance=np.array([look for _, look in seen], np.float32).reshape(len(seen), -1 if seen else 8)
    )


def between(a: Look, b: Look, cosine: float) -> Look:
    """A unit vector that is so much like a, and else like b (which is nothing like a)."""
    return np.asarray(cosine * a + np.sqrt(1 - cosine**2) * b, np.float32)


def feed(tracker: ObjectTracker, frames: Sequence[Instances], first: int = 0) -> list[Extraction]:
    return [tracker.update(blank_frame(i, i / 25), found) for i, found in enumerate(frames, first)]


def stroll(look: Look) -> list[Instances]:
    """Twelve frames of a slow walk that ends at STOP."""
    return [sight((person(STOP - 2.5 * (11 - i)), look)) for i in range(12)]


def shown(extraction: Extraction) -> dict[int, float]:
    """Left edge of every active track by id."""
    return {track.id: track.box[0] for track in extraction.tracks if track.state == "active"}


def test_two_who_stop_and_turn_back_behind_each_other_keep_their_ids() -> None:
    """They meet, one hides the other for half a second, and each goes back: motion alone would swap them."""
    meet = [sight((person(60 + 4 * i), RED), (person(180 - 4 * i), BLUE)) for i in range(14)]
    hidden = [sight((person(114), RED))] * 12
    apart = [sight((person(112 - 4 * i), RED), (person(128 + 4 * i), BLUE)) for i in range(14)]
    out = feed(make_tracker(), [*meet, *hidden, *apart])
    assert shown(out[13]) == {1: 112.0, 2: 128.0}
    assert shown(out[-1]) == {1: 60.0, 2: 180.0}


def test_looks_decide_between_two_who_lie_alike() -> None:
    tracker = make_tracker()
    feed(tracker, [sight((person(100), RED), (person(112), BLUE))] * 5)
    out = feed(tracker, [sight((person(106), BLUE), (person(107), RED))], first=5)[0]
    assert shown(out) == {1: 107.0, 2: 106.0}


@pytest.mark.parametrize(("look", "same"), [(RED, True), (between(RED, GREEN, 0.95), True), (BLUE, False)])
def test_one_who_stood_still_while_hidden_comes_back_as_itself(look: Look, same: bool) -> None:
    """Where a walk would have led him, he is not; another person there gets an id of her own."""
    tracker = make_tracker()
    feed(tracker, stroll(RED))
    feed(tracker, [sight()] * 12, first=12)
    back = feed(tracker, [sight((person(STOP), look))] * 4, first=24)
    assert list(shown(back[-1])) == ([1] if same else [2])


def test_without_appearance_nobody_is_known_by_place_alone() -> None:
    tracker = make_tracker()
    feed(tracker, [replace(found, appearance=None) for found in stroll(RED)])
    feed(tracker, [instances([])] * 12, first=12)
    assert list(shown(feed(tracker, [instances([person(STOP)])] * 4, first=24)[-1])) == [2]


def test_one_whose_first_glimpse_says_nothing_is_known_once_it_is_seen_better_and_no_id_comes_twice() -> None:
    tracker = make_tracker(tracking=TrackingConfig(confirm_frames=4))
    feed(tracker, stroll(RED))
    feed(tracker, [sight()] * 12, first=12)
    glimpse = feed(tracker, [sight((person(STOP), between(RED, GREEN, 0.6)))] * 2, first=24)
    assert [track.id for track in glimpse[-1].tracks if track.state == "tentative"] == [2]
    clear = feed(tracker, [sight((person(STOP), between(RED, GREEN, 0.87)))], first=26)
    assert list(shown(clear[-1])) == [1] and [track.id for track in clear[-1].tracks] == [1]
    other = feed(tracker, [sight((person(STOP), RED), (person(250), BLUE))], first=27)[0]
    assert [track.id for track in other.tracks] == [1, 3]


def test_a_successor_knows_them_by_their_looks_too() -> None:
    first = make_tracker()
    feed(first, stroll(RED))
    feed(first, [sight()] * 6, first=12)
    wire = msgspec.msgpack.encode(first.state)
    second = make_tracker(state=msgspec.msgpack.decode(wire, type=TrackerState))
    assert msgspec.msgpack.encode(second.state) == wire
    for tracker in (first, second):
        feed(tracker, [sight()] * 6, first=18)
        assert list(shown(feed(tracker, [sight((person(STOP), RED))] * 4, first=24)[-1])) == [1]
    assert first.state == second.state


def test_a_network_with_another_kind_of_appearance_breaks_nothing() -> None:
    tracker = make_tracker()
    feed(tracker, [sight((person(20 + 4 * i), RED)) for i in range(10)])
    longer = [sight((person(60 + 4 * i), np.eye(1, 16, dtype=np.float32)[0])) for i in range(5)]
    assert list(shown(feed(tracker, longer, first=10)[-1])) == [1]
    plain = [instances([person(80 + 4 * i)]) for i in range(5)]
    assert list(shown(feed(tracker, plain, first=15)[-1])) == [1]


def places(*x: float, width: float = 30.0, label: int = 0, looks: Sequence[Look] | None = None) -> Sightings:
    boxes = [(left, 100.0, left + width, 160.0) for left in x]
    appearance = None if looks is None else np.array(looks, np.float32)
    marks = np.full(len(x), label)
    return Sightings(np.array(boxes, np.float32), marks, [ellipse_mask(box) for box in boxes], appearance)


@pytest.mark.parametrize(
    ("found", "lost_s", "known"),
    [
        (places(120, looks=[RED]), 0.2, True),
        (places(190, looks=[RED]), 0.2, False),
        (places(190, looks=[RED]), 1.5, True),
        (places(120, looks=[between(RED, BLUE, 0.6)]), 0.2, False),
        (places(120, label=1, looks=[RED]), 0.2, False),
        (places(60, width=200, looks=[RED]), 0.2, False),
        (places(120), 0.2, False),
    ],
    ids=["near", "too far", "far, but long ago", "unlike", "another class", "another size", "no appearance"],
)
def test_known_again_is_who_looks_alike_in_reach(found: Sightings, lost_s: float, known: bool) -> None:
    pairs = recognise(places(100, looks=[RED]), found, np.array([0]), np.array([0]), lost_s=[lost_s])
    assert pairs == ([(0, 0)] if known else [])


def test_the_most_alike_are_paired_by_their_own_numbers() -> None:
    tracks, found = places(10, 100, 110, looks=[GREEN, RED, BLUE]), places(500, 105, 104, looks=[GREEN, BLUE, RED])
    pairs = recognise(tracks, found, np.array([1, 2]), np.array([1, 2]), lost_s=[0.5, 0.5])
    assert pairs == [(1, 2), (2, 1)]


def test_likeness_is_the_cosine_or_unknown() -> None:
    one, other = places(0, 50, looks=[RED, BLUE]), places(0, looks=[between(RED, GREEN, 0.5)])
    np.testing.assert_allclose(likeness(one, other), [[0.5], [0.0]], atol=1e-6)
    assert likeness(one, places(0)) is None and likeness(places(0), other) is None


@pytest.mark.parametrize(("cosine", "fit"), [(1.0, 1.0), (0.95, 0.75), (0.8, 0.0), (0.5, 0.0)])
def test_the_less_alike_two_look_the_less_they_fit(cosine: float, fit: float) -> None:
    one, other = places(0, looks=[RED]), places(0, looks=[between(RED, GREEN, cosine)])
    assert overlaps(one, other, 0.2)[0, 0] == pytest.approx(fit, abs=1e-5)
