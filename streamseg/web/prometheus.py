"""A run's snapshot as Prometheus text; docs/monitoring.md lists the metrics."""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from streamseg.broadcast.push_status import PUSH_STATES
from streamseg.shedding import Shed

SOURCE_STATES = ("connecting", "streaming", "stalled", "backing-off", "failed", "ended")
STREAM_STATES = ("waiting", "running", "paused", "done", "stopped", "failed")


def text(snapshot: dict[str, Any]) -> bytes:
    """What /metrics answers."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(snapshot))
    return generate_latest(registry)


_PLAIN = (
    ("captured", CounterMetricFamily, "streamseg_frames_captured", "frames that came in"),
    ("emitted", CounterMetricFamily, "streamseg_frames_emitted", "frames that every required sink has"),
    ("objects", CounterMetricFamily, "streamseg_objects", "objects that were confirmed"),
    ("reconnects", CounterMetricFamily, "streamseg_source_reconnects", "times that a live source came back"),
    ("in_flight", GaugeMetricFamily, "streamseg_frames_in_flight", "frames that have no fate yet"),
    ("slots", GaugeMetricFamily, "streamseg_slots", "frames that could be in flight"),
    ("shed", GaugeMetricFamily, "streamseg_shed_level", "how much is left out to be in time: 0 nothing, to 7"),
)
_BY_PLACE = (
    ("dropped", CounterMetricFamily, "streamseg_frames_dropped", "frames let pass, by cause", "cause"),
    ("failed", CounterMetricFamily, "streamseg_frames_failed", "frames given up, by cause", "cause"),
    ("degraded", CounterMetricFamily, "streamseg_frames_degraded", "frames emitted with less, by cause", "cause"),
    ("waiting", GaugeMetricFamily, "streamseg_queue", "frames that a stage must still let go", "stage"),
)


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
        yield from _pushes(self._snapshot["pushes"])


def _info(snapshot: dict[str, Any]) -> Metric:
    info = GaugeMetricFamily("streamseg_info", "version and network", labels=["version", "network"])
    info.add_metric([snapshot["version"], (snapshot["network"] or {}).get("name", "")], 1)
    return info


def _counts(streams: list[dict[str, Any]]) -> Iterator[Metric]:
    """Numbers of each stream: plain ones, then those with a cause or a place."""
    for key, kind, name, told in _PLAIN:
        family = kind(name, told, labels=["stream"])
        for stream in streams:
            family.add_metric([stream["name"]], Shed[stream[key].upper()] if key == "shed" else stream[key])
        yield family
    for key, kind, name, told, place in _BY_PLACE:
        family = kind(name, told, labels=["stream", place])
        for stream in streams:
            for where, count in stream[key].items():
                family.add_metric([stream["name"], where], count)
        yield family


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


def _pushes(pushes: list[dict[str, Any]]) -> Iterator[Metric]:
    """What becomes of the annotated streams on their way to other servers."""
    labels = ["stream", "url"]
    for key, name, told in (
        ("sent", "streamseg_push_pictures", "pictures that a server took"),
        ("dropped", "streamseg_push_dropped", "pictures that came while a server was away or slow"),
        ("reconnects", "streamseg_push_reconnects", "times that a server was connected to again"),
    ):
        counter = CounterMetricFamily(name, told, labels=labels)
        for push in pushes:
            counter.add_metric([push["stream"], push["url"]], push[key])
        yield counter
    state = GaugeMetricFamily("streamseg_push_state", "1 for the state that it is in", labels=[*labels, "state"])
    for push in pushes:
        for one in PUSH_STATES:
            state.add_metric([push["stream"], push["url"], one], push["state"] == one)
    yield state


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
