"""Events: one for each thing that happens, none for what only seems to."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.config import StreamConfig
from streamseg.config_file import parse
from streamseg.errors import ConfigError
from streamseg.events import Watch, WatchState
from streamseg.records import Extraction
from tests.sinks.scenes import disc_mask, make_frame, make_track

STEP_NS = 100_000_000
SQUARE = [(20, 20), (60, 20), (60, 60), (20, 60)]


def stream(**places):
    return StreamConfig(source="gate.mp4", name="gate", **places)


def at(seq, *feet, state="active", label="person"):
    """A frame in which objects 10 wide and 20 high stand at feet, by id from 1; None: that one is not there."""
    tracks = []
    for number, foot in enumerate(feet, 1):
        if foot is not None:
            box = foot[0] - 5.0, foot[1] - 20.0, foot[0] + 5.0, float(foot[1])
            tracks.append(make_track(number, box=box, mask=disc_mask(box), state=state, label=label))
    return Extraction(make_frame(seq, seq * STEP_NS), tuple(tracks))


def told(watch, *frames):
    return [event for frame in frames for event in watch.update(frame)]


def names(events):
    return [(event.kind, event.track, event.zone or event.line) for event in events]


def watch(**places):
    return Watch(stream(**places), (64, 96))


def test_what_appears_ends_once_with_its_time():
    one = watch()
    events = told(one, *(at(seq, (30, 30)) for seq in range(5)), at(5, None), at(6, None))
    assert names(events) == [("appeared", 1, None), ("ended", 1, None)]
    assert events[1].seconds == pytest.approx(0.5) and events[1].box == (25.0, 10.0, 35.0, 30.0)


def test_what_was_never_active_never_happened():
    one = watch(zones=[{"name": "door", "polygon": SQUARE}])
    assert told(one, at(0, (30, 30), state="tentative"), at(1, None)) == [] and one.finish() == []


def test_one_walks_through_a_zone():
    one = watch(zones=[{"name": "door", "polygon": SQUARE, "dwell_s": 0.35}])
    events = told(one, *(at(seq, (10 + 6 * seq, 40)) for seq in range(12)))
    assert names(events) == [("appeared", 1, None), ("enter", 1, "door"), ("dwell", 1, "door"), ("leave", 1, "door")]
    assert events[2].seconds == pytest.approx(0.4) and events[3].seconds == pytest.approx(0.7)


def test_one_who_stays_dwells_once_and_again_after_coming_back():
    one = watch(zones=[{"name": "door", "polygon": SQUARE, "dwell_s": 0.2}])
    path = [(40, 40)] * 8 + [(80, 40)] * 2 + [(40, 40)] * 4
    kinds = [event.kind for event in told(one, *(at(seq, foot) for seq, foot in enumerate(path)))]
    assert kinds == ["appeared", "enter", "dwell", "leave", "enter", "dwell"]


def test_one_on_the_border_does_not_come_and_go():
    one = watch(zones=[{"name": "door", "polygon": SQUARE}], lines=[{"name": "gate", "points": [(20, 0), (20, 60)]}])
    path = [(20 + 0.5 * (-1) ** seq, 40) for seq in range(30)]
    assert [event.kind for event in told(one, *(at(seq, foot) for seq, foot in enumerate(path)))] == ["appeared"]


def test_who_ends_in_a_zone_leaves_it_and_who_is_there_at_the_end_too():
    one = watch(zones=[{"name": "door", "polygon": SQUARE}])
    events = told(one, at(0, (40, 40), (30, 50)), at(1, None, (30, 50)))
    assert names(events)[-2:] == [("leave", 1, "door"), ("ended", 1, None)]
    assert names(one.finish()) == [("leave", 2, "door"), ("ended", 2, None)] and one.finish() == []


def test_a_line_is_crossed_to_a_side_between_its_ends_only():
    gate = [{"name": "gate", "points": [(48, 20), (48, 60)]}]
    right_to_left = told(watch(lines=gate), *(at(seq, (60 - 6 * seq, 40)) for seq in range(6)))
    assert [event.direction for event in right_to_left] == [None, "right"], "one who goes down has x below on the right"
    left_to_right = told(watch(lines=gate), *(at(seq, (36 + 6 * seq, 40)) for seq in range(6)))
    assert [event.direction for event in left_to_right] == [None, "left"]
    beside = told(watch(lines=gate), *(at(seq, (60 - 6 * seq, 63.5)) for seq in range(6)))
    assert [event.kind for event in beside] == ["appeared"]


def test_a_leap_over_the_line_counts_and_so_does_the_way_back():
    one = watch(lines=[{"name": "gate", "points": [(0.5, 0.0), (0.5, 1.0)]}])
    events = told(one, at(0, (20, 40)), at(1, (80, 40)), at(2, (20, 40)))
    assert [event.direction for event in events] == [None, "left", "right"]


def test_only_the_classes_asked_for():
    one = watch(
        zones=[{"name": "door", "polygon": SQUARE, "classes": ["vehicle"]}],
        lines=[{"name": "gate", "points": [(48, 0), (48, 64)], "classes": ["vehicle"]}],
    )
    frames = [at(seq, (30 + 10 * seq, 40)) for seq in range(4)]
    assert [event.kind for event in told(one, *frames)] == ["appeared"]
    vehicles = watch(zones=[{"name": "door", "polygon": SQUARE, "classes": ["vehicle"]}])
    frames = [at(seq, (30, 40), label="vehicle") for seq in range(2)]
    assert names(told(vehicles, *frames)) == [("appeared", 1, None), ("enter", 1, "door")]


def test_other_kinds_of_zones_are_not_watched():
    one = watch(zones=[{"name": kind, "polygon": SQUARE, "kind": kind} for kind in ("include", "exclude", "privacy")])
    assert [event.kind for event in told(one, at(0, (40, 40)))] == ["appeared"]


@given(st.lists(st.tuples(st.floats(-20, 120), st.floats(-20, 100)), min_size=1, max_size=25), st.integers(0, 24))
def test_a_successor_tells_the_same_and_comings_and_goings_add_up(path, died):
    places = {
        "zones": [{"name": "door", "polygon": SQUARE, "dwell_s": 0.25}],
        "lines": [{"name": "gate", "points": [(48, -500), (48, 500)]}],
    }
    frames = [at(seq, foot) for seq, foot in enumerate(path)]
    undisturbed = watch(**places)
    wanted = told(undisturbed, *frames) + undisturbed.finish()
    first = watch(**places)
    events = told(first, *frames[:died])
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=WatchState)
    second = Watch(stream(**places), (64, 96), kept)
    assert events + told(second, *frames[died:]) + second.finish() == wanted
    kinds = [event.kind for event in wanted]
    assert kinds.count("enter") == kinds.count("leave") and kinds.count("appeared") == kinds.count("ended") == 1
    sides = [event.direction for event in wanted if event.kind == "cross"]
    assert all(one != other for one, other in pairwise(sides))


def test_a_state_of_many_tracks_stays_small():
    places = {"zones": [{"name": f"zone-{i}", "polygon": SQUARE} for i in range(8)]}
    one = watch(**places)
    told(one, at(0, *[(40, 40)] * 100))
    assert len(msgspec.msgpack.encode(one.state)) < 64 * 1024


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ({"zones": [{"name": "a b", "polygon": SQUARE}]}, "a b"),
        ({"zones": [{"name": "door", "polygon": SQUARE[:2]}]}, "at least 3"),
        ({"zones": [{"name": "door", "polygon": [(0, float("nan")), *SQUARE]}]}, "finite"),
        ({"zones": [{"name": "door", "polygon": SQUARE, "kind": "secret"}]}, "privacy"),
        ({"lines": [{"name": "gate", "points": [(1, 1), (1, 1)]}]}, "two different"),
        ({"zones": [{"name": "x", "polygon": SQUARE}], "lines": [{"name": "x", "points": [(0, 0), (1, 1)]}]}, "twice"),
    ],
)
def test_mistakes_in_the_yaml_are_named(places, says):
    with pytest.raises(ConfigError, match=says):
        parse({"streams": [{"source": "gate.mp4", **places}]}, "gate.yaml")


def test_nothing_happens_twice_at_one_frame_number():
    one = watch()
    frame = at(0, (30, 30))
    assert len(one.update(frame)) == 1 and one.update(frame) == []
    assert np.isfinite(one.state.pts_ns)
