"""A run's snapshot as Prometheus text; docs/monitoring.md lists the metrics."""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

SOURCE_STATES = ("connecting", "streaming", "stalled", "backing-off", "failed", "ended")
STREAM_STATES = ("waiting", "running", "paused", "done", "stopped", "failed")


def text(snapshot: dict[str, Any]) -> bytes:
    """What /metrics answers."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(snapshot))
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, snapshot: dict[str, Any]):
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        streams = self._snapshot["streams"]
        yield _info(self._snapshot)
        yield from _counts(streams)
        yield from _states(streams)
        yield _latency(streams, self._snapshot["latency_bounds_s"])
        restarts = CounterMetricFamily("streamseg_worker_restarts", "processes started again", labels=["worker"])
        up = GaugeMetricFamily("streamseg_worker_up", "1 while the process is at work", labels=["worker"])
        for worker in self._snapshot["workers"]:
            restarts.add_metric([worker["name"]], worker["restarts"])
            up.add_metric([worker["name"]], worker["state"] == "ready")
        yield from (restarts, up)


def _info(snapshot: dict[str, Any]) -> Metric:
    info = GaugeMetricFamily("streamseg_info", "version and network", labels=["version", "network"])
    info.add_metric([snapshot["version"], (snapshot["network"] or {}).get("name", "")], 1)
    return info


def _counts(streams: list[dict[str, Any]]) -> Iterator[Metric]:
    """Counters and gauges with a plain number for each stream, then those with a cause or a place."""
    counters = (
        ("captured", "streamseg_frames_captured", "frames that came in"),
        ("emitted", "streamseg_frames_emitted", "frames that every required sink has"),
        ("objects", "streamseg_objects", "objects that were confirmed"),
        ("reconnects", "streamseg_source_reconnects", "times that a live source was lost and came back"),
    )
    for key, name, told in counters:
        counter = CounterMetricFamily(name, told, labels=["stream"])
        for stream in streams:
            counter.add_metric([stream["name"]], stream[key])
        yield counter
    for key, told in (("dropped", "let pass"), ("failed", "given up"), ("degraded", "emitted with less")):
        counter = CounterMetricFamily(f"streamseg_frames_{key}", f"frames {told}, by cause", labels=["stream", "cause"])
        for stream in streams:
            for cause, count in stream[key].items():
                counter.add_metric([stream["name"], cause], count)
        yield counter
    for key, name, told in (
        ("in_flight", "streamseg_frames_in_flight", "frames that are captured and have no fate yet"),
        ("slots", "streamseg_slots", "frames that could be in flight"),
    ):
        gauge = GaugeMetricFamily(name, told, labels=["stream"])
        for stream in streams:
            gauge.add_metric([stream["name"]], stream[key])
        yield gauge
    waiting = GaugeMetricFamily("streamseg_queue", "frames that a stage must still let go", labels=["stream", "stage"])
    for stream in streams:
        for stage, count in stream["waiting"].items():
            waiting.add_metric([stream["name"], stage], count)
    yield waiting


def _states(streams: list[dict[str, Any]]) -> Iterator[Metric]:
    """One of a set of states is 1, all others are 0, so that each can be watched for."""
    for key, name, states in (
        ("state", "streamseg_stream_state", STREAM_STATES),
        ("source_state", "streamseg_source_state", SOURCE_STATES),
    ):
        gauge = GaugeMetricFamily(name, "1 for the state that it is in", labels=["stream", "state"])
        for stream in streams:
            for state in states:
                gauge.add_metric([stream["name"], state], stream[key] == state)
        yield gauge


def _latency(streams: list[dict[str, Any]], bounds_s: list[float]) -> Metric:
    latency = HistogramMetricFamily(
        "streamseg_latency_seconds",
        "time that a stage spent on a frame; total: from arrival to the last sink",
        labels=["stream", "stage"],
    )
    for stream in streams:
        for stage, histogram in stream["latency"].items():
            buckets = [(f"{bound_s:g}", count) for bound_s, count in zip(bounds_s, histogram["counts"], strict=True)]
            buckets.append(("+Inf", histogram["count"]))
            latency.add_metric([stream["name"], stage], buckets, histogram["sum_s"])
    return latency
