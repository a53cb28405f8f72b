"""Measures one thing at a time: the decoder alone, and the whole job as `streamseg run` does it."""

import resource
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av

from streamseg.accounts import StageTime
from streamseg.bench.clip import Bar, Clip
from streamseg.capture.address import file_address
from streamseg.capture.container import explain, open_container
from streamseg.config import Config, StreamConfig
from streamseg.config_broadcast import BroadcastConfig
from streamseg.config_metadata import MqttConfig, PublishConfig, WebhookConfig
from streamseg.config_runtime import WebConfig
from streamseg.errors import SourceError, StreamsegError
from streamseg.run import execute
from streamseg.runtime.placement import cores
from streamseg.summary import StreamResult


@dataclass(frozen=True, slots=True)
class Job:
    """What is measured: with or without the annotated video. name: of its stream, as the progress display has it."""

    name: str
    video: bool


JOBS = Job("no-video", video=False), Job("with-video", video=True)


@dataclass(frozen=True, slots=True)
class Decoding:
    """The decoder alone: frames a second of wall time, and milliseconds of all its threads' CPU for a frame."""

    fps: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class JobCost:
    """The whole job on a clip.

    fps: frames a second from the stream's begin to its end. around_s: what the run took before and after that: its
    processes begin, the network is loaded, files are closed. cpu_ms: of all processes, for a frame more; None where the
    clip is too short to tell. objects: that became tracks. stages: where the time went, by stage; empty in one process.
    """

    frames: int
    fps: float
    around_s: float
    cpu_ms: float | None
    objects: int
    stages: Mapping[str, StageTime]


@dataclass(frozen=True, slots=True)
class Begun:
    """What the first frames of a job cost: so much of a longer one is no matter of its frames."""

    frames: int
    cpu_s: float


def decode(clip: Clip, bar: Bar) -> Decoding:
    """Decode every frame with as many threads as there are cores, and look at none; SourceError where that fails."""
    began_s, before_s, frames = time.monotonic(), _cpu_s(), 0
    opened = open_container(file_address(str(clip.path)), 0, 0)
    with closing(opened.container), bar("decoding alone", clip.frames) as step:
        context = opened.stream.codec_context
        context.thread_count, context.thread_type = cores(), "AUTO"
        try:
            for _ in opened.container.decode(opened.stream):
                frames += 1
                step()
        except av.error.FFmpegError as error:
            raise explain(error, opened.address) from None
    if not frames:
        raise SourceError(f"{clip.source}: not one frame of it can be decoded")
    return Decoding(frames / (time.monotonic() - began_s), 1000 * (_cpu_s() - before_s) / frames)


def begin(config: Config, clip: Clip, folder: Path, job: Job) -> Begun:
    """Do a job on the clip's first second: what has to be compiled and kept for later runs then is."""
    frames = min(clip.frames, max(2, round(clip.fps)))
    before_s = _cpu_s()
    _, stream = _do(job_config(config, clip, folder / "out", job, frames=frames))
    return Begun(stream.totals.emitted, _cpu_s() - before_s)


def do_job(config: Config, clip: Clip, folder: Path, job: Job, *, begun: Begun) -> JobCost:
    """Do a job on the whole clip; errors are those of `streamseg run`, and StreamsegError where the stream fails."""
    before_s = _cpu_s()
    seconds, stream = _do(job_config(config, clip, folder / "out", job))
    spent_s = _cpu_s() - before_s - begun.cpu_s
    more = stream.totals.emitted - begun.frames
    return JobCost(
        frames=stream.totals.emitted,
        fps=stream.totals.fps,
        around_s=seconds - stream.totals.seconds,
        cpu_ms=1000 * spent_s / more if more > 0 else None,
        objects=stream.totals.objects,
        stages=stream.stages,
    )


def job_config(config: Config, clip: Clip, out: Path, job: Job, *, frames: int | None = None) -> Config:
    """The user's configuration for one clip, as fast as it goes; nothing of it reaches out of this machine."""
    capture = {"start": 0.0, "end": None, "max_frames": frames, "pace": "fast"}
    output = {"dir": out, "overwrite": True, "keep_hours": None, "keep_gb": None}
    return config.model_copy(
        update={
            "streams": [StreamConfig(source=str(clip.path), name=job.name)],
            "capture": config.capture.model_copy(update=capture),
            "video": config.video.model_copy(update={"enabled": job.video}),
            "output": config.output.model_copy(update=output),
            "broadcast": BroadcastConfig(),
            "publish": PublishConfig(),
            "mqtt": MqttConfig(),
            "webhook": WebhookConfig(),
            "web": WebConfig(),
        }
    )


def _do(config: Config) -> tuple[float, StreamResult]:
    """Wall seconds of the run, and how its one stream went."""
    result = execute(config)
    [stream] = result.streams.values()
    if stream.state == "stopped":
        raise KeyboardInterrupt
    if stream.state == "failed":
        raise StreamsegError(f"the job that was to be measured failed: {stream.error}")
    return result.seconds, stream


def _cpu_s() -> float:
    """User and system time of this process and of all its children that have ended."""
    uses = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in uses)
