"""Accounts: percentiles hold their error, the sum holds through any history, threads lose nothing."""

import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.accounts import BOUNDS_S, Account, Latency
from streamseg.records import Extraction, Frame, Planes, Track

_PLANES = Planes(np.zeros((2, 2), np.uint8), np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8))


def _frame(seq: int, arrived_ns: int = 0) -> Frame:
    return Frame("test", seq, seq, _PLANES, arrived_ns=arrived_ns)


def _track(number: int, *, confirmed: bool = True) -> Track:
    return Track(number, "cat", 0.9, (0, 0, 1, 1), "active", confirmed_label="cat" if confirmed else None)


@given(
    durations=st.lists(st.integers(1_000, 10**12), min_size=1, max_size=200),
    share=st.floats(0.01, 1.0),
)
def test_percentiles_lie_within_three_percent_of_the_nearest_rank(durations: list[int], share: float) -> None:
    latency = Latency()
    for duration in durations:
        latency.observe(duration)
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]
    assert latency.percentile_ns(share) == pytest.approx(exact, rel=0.026)


def test_percentiles_of_one_duration_are_that_duration() -> None:
    latency = Latency()
    latency.observe(4_000_000)
    assert latency.percentiles_ms() == {"p50": 4.0, "p95": 4.0, "p99": 4.0}


@pytest.mark.parametrize("duration_ns", [0, 1, 10**13])
def test_durations_outside_the_span_are_counted_at_its_ends(duration_ns: int) -> None:
    latency = Latency()
    latency.observe(duration_ns)
    assert latency.percentile_ns(0.5) == duration_ns


def test_no_durations_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no durations"):
        Latency().percentile_ns(0.5)


def test_a_histogram_does_not_grow() -> None:
    latency = Latency()
    latency.observe(1_000)
    before = sys.getsizeof(latency._counts)
    for duration_ns in range(1_000, 10**8, 50_000):
        latency.observe(duration_ns)
    assert sys.getsizeof(latency._counts) == before


@given(st.lists(st.sampled_from(["emit", "fail", "hold", "drop"]), max_size=60))
def test_the_account_closes_after_any_history(fates: list[str]) -> None:
    account = Account()
    dropped = 0
    for seq, fate in enumerate(fates):
        if fate == "drop":
            dropped += 1
            account.lost_by_source({"stale": dropped})
            continue
        account.captured(_frame(seq))
        if fate == "emit":
            account.emitted(Extraction(_frame(seq), ()))
        elif fate == "fail":
            account.failed(seq, "inference")
    totals = account.totals()
    assert totals.closes
    assert (totals.captured, totals.emitted, totals.in_flight) == (
        len(fates),
        fates.count("emit"),
        fates.count("hold"),
    )
    assert sum(totals.failed.values()) == fates.count("fail")
    assert sum(totals.dropped.values()) == dropped


def test_a_frame_cannot_be_retired_twice() -> None:
    account = Account()
    account.captured(_frame(0))
    account.failed(0, "tracking")
    with pytest.raises(KeyError):
        account.emitted(Extraction(_frame(0), ()))
    assert account.totals().closes


def test_causes_without_a_count_are_not_listed() -> None:
    account = Account()
    account.lost_by_source({"stale": 0, "corrupt": 2})
    assert account.totals().dropped == {"corrupt": 2}


def test_objects_are_confirmed_tracks_each_counted_once() -> None:
    account = Account()
    seen = [(_track(1), _track(2, confirmed=False)), (_track(1), _track(2)), (_track(2),), (_track(2), _track(3))]
    for seq, tracks in enumerate(seen):
        account.captured(_frame(seq))
        account.emitted(Extraction(_frame(seq), tracks, degraded=("late",) if seq else ()))
    assert account.totals().objects == 3
    assert account.totals().degraded == {"late": 3}


def test_latency_runs_from_arrival_and_from_capture_where_arrival_is_unknown() -> None:
    account = Account()
    account.captured(_frame(0, arrived_ns=time.monotonic_ns() - 10**9))
    account.emitted(Extraction(_frame(0), ()))
    assert 1_000 <= account.totals().latency_ms["total"]["p50"] < 60_000

    account = Account()
    account.captured(_frame(0))
    account.emitted(Extraction(_frame(0), ()))
    assert account.totals().latency_ms["total"]["p50"] < 60_000


def test_the_clock_stops_with_the_stream() -> None:
    account = Account()
    assert account.totals().seconds == 0 == account.totals().fps
    account.begin()
    account.end()
    assert account.totals().seconds == account.totals().seconds < 60


def test_threads_lose_no_count() -> None:
    account = Account()

    def work(first: int) -> None:
        for seq in range(first, first + 500):
            account.captured(_frame(seq))
            account.sink("jsonl", written=seq % 2 == 0)
            account.emitted(Extraction(_frame(seq), ()))

    with ThreadPoolExecutor(4) as pool:
        reading = pool.submit(lambda: [account.totals().closes for _ in range(200)])
        list(pool.map(work, range(0, 1_500, 500)))
        assert all(reading.result())
    totals = account.totals()
    assert (totals.captured, totals.emitted, totals.in_flight) == (1_500, 1_500, 0)
    assert (totals.sinks["jsonl"].written, totals.sinks["jsonl"].skipped) == (750, 750)


def test_a_histogram_counts_up_to_each_bound() -> None:
    latency = Latency()
    for ms in (0.2, 3, 3, 40, 700, 5_000_000):
        latency.observe(round(ms * 1e6))
    histogram = latency.histogram()
    by_bound = dict(zip(BOUNDS_S, histogram.counts, strict=True))
    bounds = (0.001, 0.0025, 0.005, 0.025, 0.05, 0.5, 1.0, 30.0)
    assert [by_bound[bound] for bound in bounds] == [1, 1, 3, 3, 4, 4, 5, 5]
    assert histogram.count == 6
    assert histogram.sum_s == pytest.approx(5000.7462)


def test_another_account_goes_on() -> None:
    before, after = Account(), Account()
    for seq, fate in enumerate(("emitted", "stale", "poison")):
        before.arrived(seq, time.monotonic_ns())
        if fate == "emitted":
            before.retired(seq, time.monotonic_ns(), objects=2, degraded=["matte"])
            before.sink("video", written=True)
        elif fate == "stale":
            before.dropped(seq, "stale")
        else:
            before.failed(seq, "poison")
    before.lost_by_source({"undecodable": 3})
    after.go_on(before.counts())
    after.lost_by_source({"undecodable": 4})  # the source counts on
    after.arrived(3, time.monotonic_ns())
    after.retired(3, time.monotonic_ns(), objects=1)
    totals = after.totals()
    assert totals.closes
    assert (totals.captured, totals.emitted, totals.objects) == (8, 2, 3)
    assert (totals.dropped, totals.failed) == ({"stale": 1, "undecodable": 4}, {"poison": 1})
    assert totals.degraded == {"matte": 1} and totals.sinks["video"].written == 1
