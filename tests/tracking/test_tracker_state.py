import msgspec
import numpy as np
import pytest

from streamseg.records import Extraction, Frame, Instances
from streamseg.tracking import TrackerState
from tests.tracking.scenes import LABELS, Found, instances, make_tracker, rgb_frame


def busy_street(frames: int, seed: int) -> list[tuple[Frame, Instances | None]]:
    """Five objects that walk, vanish, flicker in class and score; every seventh frame the network rests."""
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 255, (240, 320, 3), np.uint8)
    start, speed = rng.uniform(0, 250, (5, 2)) * (1, 0.6), rng.uniform(-3, 3, (5, 2))
    scene: list[tuple[Frame, Instances | None]] = []
    for seq in range(frames):
        found: list[Found] = []
        for i in range(5):
            x, y = start[i] + speed[i] * seq + rng.normal(size=2)
            label = LABELS[0] if rng.random() < 0.85 else LABELS[1]
            if rng.random() < 0.8:
                found.append(((x, y, x + 34, y + 60), float(rng.uniform(0.1, 1)), label))
        scene.append((rgb_frame(picture, seq, seq / 25), None if seq % 7 == 6 else instances(found)))
    return scene


def facts(out: Extraction) -> tuple[object, ...]:
    """All of an extraction that sinks could write, as comparable bytes and numbers."""
    tracks = [(t, t.mask.alpha.tobytes() if t.mask else b"") for t in out.tracks]
    plain = [(t.id, t.label, t.score, t.box, t.state, t.confirmed_label, t.age, t.hits, mask) for t, mask in tracks]
    cuts = [(c.track.id, c.purpose, c.offset, c.shot_score, c.terms, c.rgba.tobytes()) for c in out.cutouts]
    return tuple(plain), tuple(map(str, cuts))


@pytest.mark.parametrize("stop", [1, 6, 7, 20, 33])
def test_a_successor_goes_on_as_if_nothing_had_happened(stop: int) -> None:
    scene = busy_street(45, seed=stop)
    whole = make_tracker(every=0.2)
    expected = [facts(whole.update(*step)) for step in scene]
    first = make_tracker(every=0.2)
    got = [facts(first.update(*step)) for step in scene[:stop]]
    wire = msgspec.msgpack.encode(first.state)
    second = make_tracker(every=0.2, state=msgspec.msgpack.decode(wire, type=TrackerState))
    got += [facts(second.update(*step)) for step in scene[stop:]]
    assert got == expected
    assert any(cuts for _, cuts in expected)


def test_the_same_input_gives_the_same_state_byte_for_byte() -> None:
    states = []
    for _ in range(2):
        tracker = make_tracker(every=0.2)
        for step in busy_street(20, seed=5):
            tracker.update(*step)
        states.append(msgspec.msgpack.encode(tracker.state))
    assert states[0] == states[1]


def test_a_state_once_taken_does_not_change() -> None:
    tracker = make_tracker()
    scene = busy_street(20, seed=1)
    for step in scene[:10]:
        tracker.update(*step)
    taken = tracker.state
    before = msgspec.msgpack.encode(taken)
    for step in scene[10:]:
        tracker.update(*step)
    assert msgspec.msgpack.encode(taken) == before and tracker.state != taken


def test_a_state_of_ten_tracks_stays_small() -> None:
    tracker = make_tracker()
    crowd: list[Found] = [((i * 30, 50, i * 30 + 25, 110), 0.9, "person") for i in range(10)]
    for seq in range(5):
        tracker.update(rgb_frame(np.zeros((240, 320, 3), np.uint8), seq, seq / 25), instances(crowd))
    assert len(tracker.state.tracks) == 10
    assert len(msgspec.msgpack.encode(tracker.state)) < 40_000
