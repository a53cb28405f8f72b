"""Who lives with whom: the workers of a run, the stages that each hosts, and which one serves a stream."""

import os
from dataclasses import dataclass, replace

from streamseg.config import Config
from streamseg.sinks import sink_kinds

FUSED_BELOW_CORES = 6


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """One worker: its name, the stages it hosts in the order of a frame's way, the device of its network."""

    name: str
    stages: tuple[str, ...]
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """The workers of a run, grouped: each group hosts the same stages, and every stream has one worker of each.

    stations: the columns of every slot table. upstream: for each the column whose result it works on; -1: the frame.
    """

    groups: tuple[tuple[WorkerPlan, ...], ...]
    stations: tuple[str, ...]
    upstream: tuple[int, ...]

    def workers(self) -> list[WorkerPlan]:
        """All of them."""
        return [worker for group in self.groups for worker in group]

    def with_reader(self) -> tuple["Placement", WorkerPlan]:
        """The same with one more capture worker, and that one."""
        readers, *others = self.groups
        plan = WorkerPlan(f"capture-{len(readers)}", readers[0].stages)
        return replace(self, groups=((*readers, plan), *others)), plan

    def serving(self, shard: int, capture: str) -> list[WorkerPlan]:
        """The workers of a stream: its capture worker, and of every other group the one of its shard."""
        chosen = []
        for group in self.groups:
            captures = "capture" in group[0].stages
            chosen += [w for w in group if w.name == capture] if captures else [group[shard % len(group)]]
        return chosen


def place(config: Config, captures: int) -> Placement:
    """Plan a run.

    Args:
        config: runtime matters here, and which sinks are asked for.
        captures: how many streams are read at a time; each has a thread in a capture worker while it lasts.
    """
    runtime = config.runtime
    sinks = [f"sink:{kind}" for kind in sink_kinds(config)]
    fused = runtime.placement == "fused" or (runtime.placement == "auto" and cores() < FUSED_BELOW_CORES)
    front = ("capture", "preprocess") if fused else ("capture",)
    groups = [_group("capture", front, -(-captures // runtime.streams_per_capture))]
    if not fused:
        groups.append(_group("preprocess", ("preprocess",), runtime.preprocess_workers))
    devices = runtime.devices or [config.model.device]
    groups.append(tuple(WorkerPlan(f"inference-{i}", ("inference",), device) for i, device in enumerate(devices)))
    groups.append(_group("tracking", ("tracking",), runtime.tracking_workers))
    if fused and sinks:
        groups.append(_group("sinks", tuple(sinks), runtime.sink_workers))
    elif not fused:
        groups += [_group(sink.removeprefix("sink:"), (sink,), runtime.sink_workers) for sink in sinks]
    stations = "preprocess", "inference", "tracking", *sinks
    return Placement(tuple(groups), stations, (-1, 0, 1, *(2 for _ in sinks)))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _group(name: str, stages: tuple[str, ...], count: int) -> tuple[WorkerPlan, ...]:
    return tuple(WorkerPlan(f"{name}-{i}", stages) for i in range(count))
