import itertools

import msgspec

from streamseg.records import History
from streamseg.tracking.state import TrackMemory
from tests.tracking.scenes import feed, make_tracker, person


def lived(frames: int, *, fps: float = 25.0) -> TrackMemory:
    tracker = make_tracker(every="best")
    feed(tracker, [[person(40 + 0.5 * i)] for i in range(frames)], fps=fps)
    [track] = tracker.state.tracks
    return track


def told(frames: int) -> History:
    out = feed(make_tracker(every="all"), [[person(40 + i)] for i in range(frames)])
    history = out[-1].cutouts[0].history
    assert history is not None
    return history


def test_it_tells_first_sight_confirmation_and_path() -> None:
    history = told(12)
    assert (history.first_ns, history.confirmed_ns) == (0, 80_000_000)
    assert [at for at, _, _ in history.path] == [0, 120_000_000, 240_000_000, 360_000_000]
    assert [round(x) for _, x, _ in history.path] == [55, 58, 61, 64]
    assert {round(y) for _, _, y in history.path} == {130}


def test_the_path_of_a_long_life_stays_short_and_spans_it() -> None:
    for frames in (60, 200, 431):
        life = lived(frames).life
        assert life is not None and 8 <= len(life.path) <= 16
        times = [at for at, _, _ in life.path]
        steps = {after - before for before, after in itertools.pairwise(times)}
        assert times[0] == 0 and times[-1] >= 0.85 * (frames - 1) * 40_000_000
        assert max(steps) <= 2.2 * min(steps)


def test_it_costs_little() -> None:
    assert len(msgspec.msgpack.encode(lived(400).life)) < 600


def test_times_are_those_of_the_stream() -> None:
    tracker = make_tracker(every="all")
    out = feed(tracker, [[person(40)]] * 4, first=100)
    history = out[-1].cutouts[0].history
    assert history is not None and history.first_ns == 4_000_000_000


def test_without_cutouts_nothing_is_kept() -> None:
    tracker = make_tracker(every="none")
    feed(tracker, [[person(40)]] * 5)
    assert tracker.state.tracks[0].life is None
