from hypothesis import given
from hypothesis import strategies as st

from streamseg.capture.backoff import Backoff


@given(max_s=st.floats(0.01, 3600), tries=st.integers(1, 60))
def test_waits_double_up_to_the_longest(max_s: float, tries: int) -> None:
    backoff = Backoff(max_s)
    waits = [backoff.next_s() for _ in range(tries)]
    for number, wait_s in enumerate(waits):
        longest = min(max_s, 0.5 * 2.0**number)
        assert longest / 2 <= wait_s <= longest


def test_two_cameras_wait_differently() -> None:
    first, second = Backoff(30), Backoff(30)
    assert [first.next_s() for _ in range(8)] != [second.next_s() for _ in range(8)]
