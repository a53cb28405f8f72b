from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streamseg.capture.clock import MediaClock

_MS = 1_000_000


def test_exact_times_of_a_29_97_stream() -> None:
    clock = MediaClock(Fraction(1, 30000), Fraction(30000, 1001), zero=0)
    assert [clock.tick(i * 1001) for i in range(4)] == [0, 33_366_667, 66_733_333, 100_100_000]


def test_begins_at_the_stream_s_zero() -> None:
    clock = MediaClock(Fraction(1, 90000), Fraction(25), zero=126000)
    assert clock.tick(126000 + 3600) == 40 * _MS


def test_missing_time_stamps_follow_the_rate() -> None:
    clock = MediaClock(Fraction(1, 1000), Fraction(25), zero=0)
    assert [clock.tick(0), clock.tick(None), clock.tick(None), clock.tick(120)] == [0, 40 * _MS, 80 * _MS, 120 * _MS]


def test_a_first_frame_without_pts_is_the_begin() -> None:
    clock = MediaClock(Fraction(1, 1000), Fraction(25), zero=7000)
    assert [clock.tick(None), clock.tick(7040), clock.tick(7080)] == [0, 40 * _MS, 80 * _MS]


def test_a_repeated_pts_is_bumped_and_said() -> None:
    clock = MediaClock(Fraction(1, 1000), Fraction(25), zero=0)
    clock.tick(40)
    assert not clock.repaired
    assert clock.tick(40) == 40 * _MS + 1
    assert clock.repaired


def test_a_jump_back_goes_on_at_the_rate() -> None:
    clock = MediaClock(Fraction(1, 1000), Fraction(25), zero=0)
    clock.tick(60_000)
    assert [clock.tick(0), clock.tick(40)] == [60_040 * _MS, 60_080 * _MS]
    assert not clock.repaired


@given(st.lists(st.none() | st.integers(-(2**33), 2**33), max_size=30), st.sampled_from([0, 5000]))
def test_always_grows(stamps: list[int | None], zero: int) -> None:
    clock = MediaClock(Fraction(1, 90000), Fraction(25), zero=zero)
    times = [clock.tick(pts) for pts in stamps]
    assert all(later > earlier for earlier, later in zip([-1, *times], times, strict=False))


def test_exact_until_the_first_time_that_is_made_up() -> None:
    clock = MediaClock(Fraction(1, 1000), Fraction(25), zero=0)
    exact = []
    for pts in (0, 40, None, 120, 160):
        clock.tick(pts)
        exact.append(clock.exact)
    assert exact == [True, True, False, False, False]


def test_a_jump_back_is_not_exact() -> None:
    clock = MediaClock(Fraction(1, 1000), Fraction(25), zero=0)
    clock.tick(60_000)
    clock.tick(0)
    assert not clock.exact
