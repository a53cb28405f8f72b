"""A whole benchmark: a clip and a configuration in, everything that was measured out."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from streamseg import __version__
from streamseg.bench.clip import Bar, Clip, make_clip
from streamseg.bench.machine import Machine, this_machine
from streamseg.bench.measure import JOBS, Begun, Decoding, JobCost, begin, decode, do_job, job_config
from streamseg.config import Config
from streamseg.runtime.placement import place
from streamseg.summary import per_frame


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, each in the round whose rate is the median.

    network: as the configuration has it. workers: the stages that each process hosts; none where all are in one.
    jobs: by their names, see JOBS.
    """

    machine: Machine
    clip: Clip
    network: str
    workers: tuple[tuple[str, ...], ...]
    rounds: int
    decoding: Decoding
    jobs: dict[str, JobCost]

    def beyond_decoding_ms(self, job: str) -> float | None:
        """CPU of a frame less what decoding it takes."""
        cpu_ms = self.jobs[job].cpu_ms
        return None if cpu_ms is None else cpu_ms - self.decoding.cpu_ms

    def as_json(self) -> dict[str, Any]:
        """Everything, in plain values."""
        clip = {key: value for key, value in asdict(self.clip).items() if key != "path"}
        return {
            "version": __version__,
            "machine": asdict(self.machine),
            "clip": clip,
            "network": self.network,
            "workers": self.workers,
            "rounds": self.rounds,
            "decoding": asdict(self.decoding),
            "jobs": {name: self._job(name, cost) for name, cost in self.jobs.items()},
        }

    def _job(self, name: str, cost: JobCost) -> dict[str, Any]:
        return {
            "frames": cost.frames,
            "fps": cost.fps,
            "of_decoding": cost.fps / self.decoding.fps,
            "around_s": cost.around_s,
            "cpu_ms": cost.cpu_ms,
            "beyond_decoding_ms": self.beyond_decoding_ms(name),
            "objects": cost.objects,
            "stages": {stage: per_frame(times) for stage, times in cost.stages.items()},
        }


def run(config: Config, source: str, *, seconds: float, rounds: int, bar: Bar) -> Outcome:
    """Measure, in turns.

    Args:
        config: what the job is; its streams are not used, nor what it sends or serves.
        source: a video file, or synthetic://street?...
        seconds: of media time, the source repeated as often as that takes.
        rounds: how often each thing is measured.
        bar: shows the progress of what takes long.

    Raises:
        ConfigError, ModelError, SourceError, SinkError: as `streamseg run` has them.
    """
    machine = this_machine()
    with tempfile.TemporaryDirectory(prefix="streamseg-bench-") as name:
        folder = Path(name)
        clip = make_clip(source, seconds, folder / "clip.nut", bar)
        begun = [begin(config, clip, folder, job) for job in JOBS]
        turns = [_turn(config, clip, folder, begun, bar) for _ in range(rounds)]
    decoding = sorted((turn.decoding for turn in turns), key=_rate)[rounds // 2]
    costs = (sorted((turn.costs[place] for turn in turns), key=_rate)[rounds // 2] for place in range(len(JOBS)))
    jobs = {job.name: cost for job, cost in zip(JOBS, costs, strict=True)}
    workers = _workers(job_config(config, clip, folder, JOBS[-1]))
    return Outcome(machine, clip, _network(config), workers, rounds, decoding, jobs)


@dataclass(frozen=True, slots=True)
class _Turn:
    """Everything once, so that what else the machine does hits all alike; costs: in the order of JOBS."""

    decoding: Decoding
    costs: list[JobCost]


def _turn(config: Config, clip: Clip, folder: Path, begun: Sequence[Begun], bar: Bar) -> _Turn:
    decoding = decode(clip, bar)
    costs = [do_job(config, clip, folder, job, begun=first) for job, first in zip(JOBS, begun, strict=True)]
    return _Turn(decoding, costs)


def _rate(measured: Decoding | JobCost) -> float:
    return measured.fps


def _network(config: Config) -> str:
    model = config.model
    height, width = model.view
    return f"{model.name}, view {width}x{height}, runner {model.runner}, device {model.device}"


def _workers(config: Config) -> tuple[tuple[str, ...], ...]:
    return () if config.runtime.single_process else tuple(plan.stages for plan in place(config, 1).workers())
