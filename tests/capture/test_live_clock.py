"""A sender's time stamps and what becomes of them; arrivals are in nanoseconds of the host's monotonic clock."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streamseg.capture.live_clock import LiveClock

_MS = 1_000_000
_S = 1000 * _MS
_T0 = 7 * _S


def clock(begin_ns: int = 0) -> LiveClock:
    return LiveClock(Fraction(1, 1000), begin_ns=begin_ns)


def run(stamps: list[tuple[int | None, float]], begin_ns: int = 0) -> list[float]:
    """Media times (ms) of frames given as (pts in ms, arrival in ms)."""
    one = clock(begin_ns)
    return [one.tick(pts, _T0 + round(at * _MS)) / _MS for pts, at in stamps]


def test_steps_are_the_sender_s_whatever_the_network_does() -> None:
    assert run([(900, 0), (940, 55), (980, 81), (1020, 120)], begin_ns=5 * _MS) == [5, 45, 85, 125]


def test_a_stall_and_the_burst_after_it_keep_the_sender_s_times() -> None:
    stamps = [(0, 0), (40, 40), *((80 + 40 * i, 5040 + i) for i in range(126))]
    assert run(stamps) == [pts for pts, _ in stamps]


def test_frames_left_out_in_a_burst_keep_the_sender_s_times() -> None:
    assert run([(0, 0), (40, 40), (80, 5040), (4000, 5041), (5040, 5042)]) == [0, 40, 80, 4000, 5040]


def test_pictures_sent_at_once_at_the_beginning_are_no_leap() -> None:
    stamps = [(40 * i, i * 0.1) for i in range(100)]
    assert run(stamps) == [pts for pts, _ in stamps]


def test_a_clock_set_forward_changes_nothing() -> None:
    hour = 3_600_000
    assert run([(0, 0), (40, 40), (hour + 80, 80), (hour + 120, 120)]) == [0, 40, 80, 120]


def test_a_clock_set_back_changes_nothing() -> None:
    assert run([(60_000, 0), (60_040, 40), (0, 80), (40, 120)]) == [0, 40, 80, 120]


def test_a_gap_lasts_as_long_as_it_lasted() -> None:
    assert run([(0, 0), (40, 40), (10_040, 10_040)]) == [0, 40, 10_040]


def test_without_time_stamps_arrivals_count() -> None:
    assert run([(None, 0), (None, 33), (None, 70)]) == [0, 33, 70]


def test_what_is_made_up_is_said() -> None:
    one = clock()
    told = []
    for pts, at in ((0, 0), (40, 40), (40, 80), (None, 120), (3_600_000, 160), (3_600_040, 200)):
        one.tick(pts, _T0 + at * _MS)
        told.append(one.repaired)
    assert told == [False, False, True, True, True, False]


def drifted(sender: float, hours: float) -> float:
    """How far (ms) media time is from the host's after hours of 5 frames a second; sender: how fast its clock runs."""
    one = clock()
    frames = round(hours * 3600 * 5)
    last_ns = [one.tick(round(i * 200 * sender), _T0 + i * 200 * _MS) for i in range(frames)][-1]
    return last_ns / _MS - (frames - 1) * 200


def test_a_clock_that_runs_fast_or_slow_does_not_drift_away() -> None:
    plain = 3 * 3600 * 1000 * 1e-4
    assert plain > 1000
    assert abs(drifted(1 + 1e-4, 3)) < 10
    assert abs(drifted(1 - 1e-4, 3)) < 10


@given(st.lists(st.tuples(st.none() | st.integers(-(2**40), 2**40), st.integers(0, 2**40)), max_size=40))
def test_always_grows(stamps: list[tuple[int | None, int]]) -> None:
    one = clock(begin_ns=3 * _MS)
    times = [one.tick(pts, _T0 + at) for pts, at in stamps]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert times[:1] in ([], [3 * _MS])
