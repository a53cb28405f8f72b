"""Frame accounts of a stream: what came in, what became of it, how long it took.

The account closes: captured = emitted + dropped + failed + in flight. Every term has a counter of its own, so the sum
is a check and not a definition. Memory is bounded whatever the length of the stream; any thread may write or read.
"""

import itertools
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from streamseg.records import Extraction, Frame

_FLOOR_NS = 1_000
_GROWTH = 1.05
_BUCKETS = math.ceil(math.log(1e12 / _FLOOR_NS, _GROWTH)) + 1
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of a Histogram's buckets."""
_BOUND_BUCKETS = tuple(int(math.log(bound_s * 1e9 / _FLOOR_NS, _GROWTH)) for bound_s in BOUNDS_S)
"""In which of Latency's buckets each of them lies."""
_SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Histogram:
    """counts: durations up to each of BOUNDS_S, to within 5 %; of all, count and sum_s."""

    counts: tuple[int, ...]
    count: int
    sum_s: float


class Latency:
    """Percentiles of durations from 1 us to 1000 s, to within 2.5 %, in a histogram of log-spaced buckets.

    Durations outside that span are counted in the first or last bucket.
    """

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self._total = self._sum_ns = 0
        self._lowest_ns, self._highest_ns = math.inf, 0.0

    def observe(self, duration_ns: int) -> None:
        """Count one duration."""
        bucket = int(math.log(max(duration_ns, _FLOOR_NS) / _FLOOR_NS, _GROWTH))
        self._counts[min(bucket, _BUCKETS - 1)] += 1
        self._total += 1
        self._sum_ns += duration_ns
        self._lowest_ns = min(self._lowest_ns, duration_ns)
        self._highest_ns = max(self._highest_ns, duration_ns)

    def percentile_ns(self, share: float) -> float:
        """The duration that a share (0..1) of all do not exceed, by nearest rank; ValueError if there are none."""
        if not self._total:
            raise ValueError("percentile of no durations: observe one first")
        left = max(1, math.ceil(share * self._total))
        bucket = 0
        while left > self._counts[bucket]:
            left -= self._counts[bucket]
            bucket += 1
        middle_ns = _FLOOR_NS * _GROWTH ** (bucket + 0.5)
        return min(max(middle_ns, self._lowest_ns), self._highest_ns)

    def histogram(self) -> "Histogram":
        """All durations in the coarse buckets that monitoring keeps."""
        upto = list(itertools.accumulate(self._counts))
        counts = tuple(upto[bucket] for bucket in _BOUND_BUCKETS)
        return Histogram(counts, self._total, self._sum_ns / 1e9)

    def percentiles_ms(self) -> dict[str, float]:
        """p50, p95 and p99 in milliseconds."""
        return {name: round(self.percentile_ns(share) / 1e6, 3) for name, share in _SHARES.items()}


@dataclass(slots=True)
class StageTime:
    """Sums over a stage's frames, ns.

    busy: at work on a frame. waiting: a frame was ready for the stage and lay there, bells and queue together.
    blocked: capture had a frame and no slot for it.
    """

    frames: int = 0
    busy_ns: int = 0
    waiting_ns: int = 0
    blocked_ns: int = 0


@dataclass(slots=True)
class SinkTotals:
    """Frames that a sink took, and frames that it let pass and counted."""

    written: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """An account at one moment. latency_ms: percentiles by stage, and "total" from arrival to the last sink.

    seconds is the wall time since the stream began, up to now or to its end; objects counts confirmed tracks,
    restarts the deaths of processes that worked for the stream.
    """

    captured: int = 0
    emitted: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    degraded: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    seconds: float = 0.0
    objects: int = 0
    restarts: int = 0
    sinks: dict[str, SinkTotals] = field(default_factory=dict)
    latency_ms: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def closes(self) -> bool:
        """Whether every captured frame has exactly one fate."""
        return self.captured == self.emitted + self.lost + self.in_flight

    @property
    def lost(self) -> int:
        """Frames dropped or failed."""
        return sum(self.dropped.values()) + sum(self.failed.values())

    @property
    def fps(self) -> float:
        """Frames emitted per second of wall time; 0 before the stream began."""
        return self.emitted / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What an account that has nothing in flight holds, so that another one can go on with it; seconds as in Totals."""

    captured: int
    emitted: int
    objects: int
    restarts: int
    dropped: dict[str, int]
    lost_by_source: dict[str, int]
    failed: dict[str, int]
    degraded: dict[str, int]
    sinks: dict[str, SinkTotals]
    seconds: float


class Account:
    """The counters of one stream. A frame is captured once and retired once, as emitted or failed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._captured = self._emitted = self._objects = self._restarts = 0
        self._in_flight: dict[int, int] = {}
        self._dropped: Counter[str] = Counter()
        self._lost_by_source: dict[str, int] = {}
        self._failed: Counter[str] = Counter()
        self._degraded: Counter[str] = Counter()
        self._confirmed: set[int] = set()
        self._sinks: dict[str, SinkTotals] = {}
        self._latencies: dict[str, Latency] = {}
        self._began_ns = self._ended_ns = self._before_ns = 0

    def go_on(self, counts: Counts) -> None:
        """Go on where another account of the stream stopped; before anything is counted."""
        with self._lock:
            self._captured, self._emitted = counts.captured, counts.emitted
            self._objects, self._restarts = counts.objects, counts.restarts
            self._dropped, self._failed = Counter(counts.dropped), Counter(counts.failed)
            self._lost_by_source, self._degraded = dict(counts.lost_by_source), Counter(counts.degraded)
            self._sinks = {name: SinkTotals(sink.written, sink.skipped) for name, sink in counts.sinks.items()}
            self._before_ns = round(counts.seconds * 1e9)

    def counts(self) -> Counts:
        """What another account can go on with; only while nothing is in flight."""
        totals = self.totals()
        with self._lock:
            assert not self._in_flight, "frames in flight have no fate yet"
            return Counts(
                totals.captured,
                totals.emitted,
                totals.objects,
                totals.restarts,
                dict(self._dropped),
                dict(self._lost_by_source),
                totals.failed,
                totals.degraded,
                totals.sinks,
                totals.seconds,
            )

    def begin(self) -> None:
        """Start the stream's clock."""
        self._began_ns = time.monotonic_ns()

    def end(self) -> None:
        """Stop the stream's clock."""
        self._ended_ns = time.monotonic_ns()

    def captured(self, frame: Frame) -> None:
        """A frame was handed out by capture and is in flight; without a time of arrival, it arrives now."""
        self.arrived(frame.seq, frame.arrived_ns or time.monotonic_ns())

    def arrived(self, seq: int, arrived_ns: int) -> None:
        """The same, of a frame that is not at hand."""
        with self._lock:
            self._captured += 1
            self._in_flight[seq] = arrived_ns

    def lost_by_source(self, dropped: Mapping[str, int]) -> None:
        """Take over a source's own counts of frames lost before they were handed out: they were captured, too."""
        counts = dict(dropped)  # in one step: a source may count in a thread of its own
        with self._lock:
            self._captured += sum(counts.values()) - sum(self._lost_by_source.values())
            self._lost_by_source = counts

    def emitted(self, extraction: Extraction) -> None:
        """Every sink has let go of the frame."""
        confirmed = {track.id for track in extraction.tracks if track.confirmed_label is not None}
        new = len(confirmed - self._confirmed)
        self._confirmed = confirmed
        self.retired(extraction.frame.seq, time.monotonic_ns(), objects=new, degraded=extraction.degraded)

    def retired(self, seq: int, ended_ns: int, *, objects: int, degraded: Sequence[str] = ()) -> None:
        """The same, of a frame that is not at hand: when its last sink let it go, how many objects are new in it."""
        with self._lock:
            arrived_ns = self._in_flight.pop(seq)
            self._emitted += 1
            self._degraded.update(degraded)
            self._objects += objects
        self.spent("total", ended_ns - arrived_ns)

    def dropped(self, seq: int, cause: str) -> None:
        """The frame was let pass for a newer one, or for the reason that cause names."""
        with self._lock:
            del self._in_flight[seq]
            self._dropped[cause] += 1

    def failed(self, seq: int, cause: str) -> None:
        """The frame was given up by the stage (or sink) that cause names."""
        with self._lock:
            del self._in_flight[seq]
            self._failed[cause] += 1

    def restarted(self) -> None:
        """A process that works for the stream died, and another took its place."""
        with self._lock:
            self._restarts += 1

    def sink(self, name: str, *, written: bool) -> None:
        """A sink took the frame, or let it pass."""
        with self._lock:
            totals = self._sinks.setdefault(name, SinkTotals())
            if written:
                totals.written += 1
            else:
                totals.skipped += 1

    def spent(self, stage: str, duration_ns: int) -> None:
        """A stage spent this long on a frame."""
        with self._lock:
            self._latencies.setdefault(stage, Latency()).observe(duration_ns)

    def histograms(self) -> dict[str, Histogram]:
        """The durations by stage, and "total"."""
        with self._lock:
            return {stage: latency.histogram() for stage, latency in self._latencies.items()}

    def totals(self) -> Totals:
        """All counters at one moment."""
        until_ns = self._ended_ns or time.monotonic_ns()
        here_ns = until_ns - self._began_ns if self._began_ns else 0
        with self._lock:
            return Totals(
                captured=self._captured,
                emitted=self._emitted,
                dropped=dict(self._dropped + Counter(self._lost_by_source)),
                failed=dict(self._failed),
                degraded=dict(self._degraded),
                in_flight=len(self._in_flight),
                seconds=(self._before_ns + here_ns) / 1e9,
                objects=self._objects,
                restarts=self._restarts,
                sinks={name: SinkTotals(sink.written, sink.skipped) for name, sink in self._sinks.items()},
                latency_ms={stage: latency.percentiles_ms() for stage, latency in self._latencies.items()},
            )
