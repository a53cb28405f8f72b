"""A video and its recorded objects in, results out as `streamseg run` writes them: the sinks without the network."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from streamseg import __version__, progress, summary
from streamseg.capture import is_live, open_source
from streamseg.capture.matched import Matched
from streamseg.capture.redact import redact
from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError, SinkError, SourceError, told
from streamseg.job import DRAINING, JobStream
from streamseg.pipeline import Pipeline
from streamseg.preprocess.fit_only import FitOnly
from streamseg.preprocess.fit_view import FitView
from streamseg.recorded import RecordedObjects
from streamseg.run import Signals
from streamseg.sinks import build_sink, prepare_output, sink_kinds
from streamseg.summary import RunResult, State, StreamResult
from streamseg.tracking.cutouts import CutoutPlan
from streamseg.tracking.replay import Replay

log = logging.getLogger(__name__)

KINDS = ("video", "cutouts", "clips", "events", "clean_plate")
"""Sinks that can be made of a recording."""
_EARLIER_S = 0.005
"""Reading begins so much before the first frame that was recorded."""


def render(config: Config, objects: Path, kinds: Sequence[str], *, verbose: bool = False) -> int:
    """Make results of a stream's recorded objects, print a summary as a table, and return the exit status.

    Args:
        config: with one stream, named, whose source is the video.
        objects: objects.jsonl of that stream.
        kinds: the sinks to make, by name.
        verbose: log lines in the place of a progress bar.

    Raises:
        ConfigError: before anything starts: the video is a live one, or the place of results cannot be used.
        DataError: before anything starts: objects breaks its format.
        SinkError: in the end: the summary cannot be written.
    """
    began_s = time.monotonic()
    if len(config.streams) != 1:
        raise ConfigError(f"VIDEO: is {len(config.streams)} videos; render them one by one")
    [stream] = config.streams
    if is_live(stream.source):
        raise ConfigError(f"VIDEO {redact(stream.source)}: is live; a recorded one is needed")
    _keep(config.output.dir, [objects, Path(stream.source)])
    recorded = RecordedObjects(objects)
    if recorded.needs_hw == (0, 0):
        log.warning("no masks in %s: boxes are drawn, nothing is cut out", objects)
    _prepare(config)
    job = RenderJob(stream, config)
    pipeline = job.build(recorded, kinds)
    console = Console(stderr=True)
    with Signals() as signals, progress.display([job], console, verbose=verbose) as shown:
        signals.streaming = True
        job.run(pipeline, signals, shown)
    recorded.close()
    result = RunResult(time.monotonic() - began_s, {job.name: job.result()})
    summary.write(result, config.output.dir / "summary.json")
    out = Console()
    out.print(summary.table(result))
    out.print(f"results in {config.output.dir}", markup=False, highlight=False, soft_wrap=True)
    return result.exit_status


@dataclass(slots=True, eq=False)
class RenderJob(JobStream):
    """The one stream of a rendering."""

    state: Literal["running"] | State = field(default="running", init=False)
    error: str | None = field(default=None, init=False)
    _pipeline: Pipeline | None = field(default=None, init=False)

    @property
    def frames(self) -> int | None:
        """How many frames there will be; None before it is known."""
        return self.frames_of(self._pipeline.info if self._pipeline else None)

    def build(self, recorded: RecordedObjects, kinds: Sequence[str]) -> Pipeline:
        """The five stages, of which only the last one works."""
        stream, config = self.stream, self.config
        cut_short = config.capture.end is not None or config.capture.max_frames is not None
        start_s = max(0.0, float(recorded.pts_ns[0]) / 1e9 - _EARLIER_S)
        capture = config.capture.model_copy(update={"start": start_s})
        source = Matched(open_source(stream, capture), recorded, cut_short=cut_short)
        fit = FitView(config.model.view, stream.region, config.model.enlarge)
        tracker = Replay(recorded, CutoutPlan.of(stream, config), fit, classes=config.classes_of(stream))
        sinks = [build_sink(kind, config, stream, version=__version__) for kind in kinds]
        self._pipeline = Pipeline(source, FitOnly(fit), None, tracker, sinks, self.account)
        return self._pipeline

    def run(self, pipeline: Pipeline, signals: Signals, shown: progress.Display) -> None:
        """From the first frame to the last, or until a signal asks to drain; keeps how it ended, and raises nothing."""
        try:
            for _ in pipeline:
                shown.update()
                if signals.asked and not pipeline.stopping:
                    log.warning(DRAINING)
                    pipeline.stop()
        except Exception as error:
            if not (isinstance(error, SourceError) and pipeline.stopping):  # closed under its reader, it may break
                self.error = redact(told(error))
                log.error("stream=%s state=failed error=%s", self.name, self.error)
                log.debug("stream=%s", self.name, exc_info=error)
        self.state = "failed" if self.error else "stopped" if pipeline.stopping else "done"

    def result(self) -> StreamResult:
        """How it went."""
        state: State = "stopped" if self.state == "running" else self.state
        return StreamResult(redact(self.stream.source), state, self.error, self.account.totals())


def kinds_of(config: Config, only: Sequence[str] | None) -> list[str]:
    """The sinks to make: those that are asked for by name, or those of the configuration; never the objects themselves.

    Raises:
        ConfigError: a name is unknown.
    """
    if only is None:
        kinds = [kind for kind in sink_kinds(config) if kind != "objects"]
        return [kind for kind in kinds if kind != "video" or config.video.enabled]
    unknown = [kind for kind in only if kind not in KINDS]
    if unknown:
        raise ConfigError(f"--only {unknown[0]!r}: unknown; allowed are {', '.join(KINDS)}")
    return list(dict.fromkeys(only))


def stream_of(config: Config, given: StreamConfig, file: str | None) -> StreamConfig:
    """The stream of a configuration that a video belongs to, with its zones and lines, and the video as its source.

    Args:
        config: one stream is taken as it is; of several the one of the video's name or source.
        given: the video, as the command line names it.
        file: that config was read from.

    Raises:
        ConfigError: of several streams none fits.
    """
    streams = config.streams
    if len(streams) > 1:
        streams = [one for one in streams if one.name == given.name or one.source == given.source]
    if config.streams and len(streams) != 1:
        names = ", ".join(one.name or one.source for one in config.streams)
        raise ConfigError(f"{file}: which stream is {redact(given.source)}? Write name=VIDEO; names are {names}")
    if not streams:
        return given
    return streams[0].model_copy(update={"source": given.source, "name": given.name or streams[0].name})


def _keep(folder: Path, sources: Sequence[Path]) -> None:
    """ConfigError where the results would take the place of what they are made of."""
    for path in sources:
        if folder.resolve() in path.resolve().parents:
            raise ConfigError(f"--out {folder}: holds {path}, which is needed; give another folder")


def _prepare(config: Config) -> None:
    try:
        prepare_output(config.output)
    except SinkError as error:
        raise ConfigError(f"--out {error}") from error
