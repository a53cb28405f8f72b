from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.config import CutoutsConfig
from streamseg.tracking.due import Cadence, firsts_now

S = 1_000_000_000


def cadence(every: float | str) -> Cadence:
    return Cadence.of(CutoutsConfig.model_validate({"every": every}))


def moments(of: Cadence, track_id: int, clocks: list[int]) -> list[int]:
    """The clocks at which a track active from the first one on is cut out."""
    due, taken = of.first_ns(track_id, clocks[0]), []
    for clock in clocks:
        if of.is_due(due, clock):
            taken.append(clock)
            due = of.next_ns(due, clock)
    return taken


@pytest.mark.parametrize(
    ("every", "per_ten_seconds"), [(1.0, 10), (0.5, 20), (2.5, 4), ("all", 250), ("best", 0), ("none", 0)]
)
def test_the_cadence_is_kept(every: float | str, per_ten_seconds: int) -> None:
    taken = moments(cadence(every), 3, [i * S // 25 for i in range(250)])
    assert len(taken) == per_ten_seconds


def test_ten_tracks_do_not_fall_due_in_one_frame() -> None:
    clocks = [i * S // 25 for i in range(250)]
    busy = Counter(clock for track_id in range(1, 11) for clock in moments(cadence(1.0), track_id, clocks))
    assert sum(busy.values()) == 100
    assert max(busy.values()) <= 2


def test_the_first_one_comes_within_a_second_even_at_a_slow_cadence() -> None:
    assert all(cadence(60.0).first_ns(i, 5 * S) < 6 * S for i in range(1, 200))


def test_one_that_came_late_does_not_shift_the_grid() -> None:
    one = cadence(1.0)
    assert one.next_ns(10 * S, 10 * S) == 11 * S
    assert one.next_ns(10 * S, 13 * S + 1) == 14 * S


@given(st.integers(1, 10**6), st.floats(0.001, 1000), st.lists(st.integers(0, 5 * S), min_size=1, max_size=50))
def test_never_twice_within_one_cell_of_the_grid(track_id: int, every: float, steps: list[int]) -> None:
    of = cadence(every)
    clocks = [sum(steps[: i + 1]) for i in range(len(steps))]
    first = of.first_ns(track_id, clocks[0])
    cells = [(clock - first) // (of.every_ns or 1) for clock in moments(of, track_id, clocks)]
    assert cells == sorted(set(cells))


def wait_ns(since_ns: list[int], step_ns: int) -> int:
    """How long the unluckiest waits for a first best shot when as many are served in each frame as must be."""
    waiting, clock, longest = sorted(since_ns), 0, 0
    while waiting:
        here = [since for since in waiting if since <= clock]
        for since in here[: firsts_now(here, clock, step_ns)]:
            waiting.remove(since)
            longest = max(longest, clock - since)
        clock += step_ns
    return longest


@given(st.lists(st.integers(0, 3 * S), min_size=1, max_size=120), st.integers(S // 60, S // 3))
def test_everyones_first_best_shot_comes_within_a_second(since_ns: list[int], step_ns: int) -> None:
    in_frames = [-(-since // step_ns) * step_ns for since in since_ns]
    assert wait_ns(in_frames, step_ns) < S


def test_a_few_are_served_one_by_one_and_a_crowd_evenly() -> None:
    assert firsts_now([], 0, S // 25) == 0
    assert firsts_now([0] * 20, 0, S // 25) == 1
    assert firsts_now([0] * 60, 0, S // 25) == 3
    assert firsts_now([0], 9 * S, S // 25) == firsts_now([0], 0, 0) == 1
