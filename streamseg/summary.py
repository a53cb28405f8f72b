"""What a job has done: summary.json (schemas/summary.schema.json), and the same as a table."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from streamseg import __version__
from streamseg.accounts import StageTime, Totals
from streamseg.sinks.disk import write_atomic

State = Literal["done", "failed", "stopped"]

_COLORS: dict[State, str] = {"done": "green", "failed": "red", "stopped": "yellow"}


@dataclass(frozen=True, slots=True)
class StreamResult:
    """How one stream went. source holds no credentials; error is one line, and only there when state is "failed".

    reconnects: times that a live source was lost and came back. stages: where its time went, by stage; only where the
    stages are processes.
    """

    source: str
    state: State
    error: str | None
    totals: Totals
    reconnects: int = 0
    stages: Mapping[str, StageTime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How the job went: wall time and the streams by name, in the order they were given."""

    seconds: float
    streams: dict[str, StreamResult]

    @property
    def exit_status(self) -> int:
        """0 all done, 1 some stream failed, 130 interrupted after a clean drain."""
        states = {stream.state for stream in self.streams.values()}
        if "failed" in states:
            return 1
        return 130 if "stopped" in states else 0


def document(result: RunResult) -> dict[str, object]:
    """What summary.json holds."""
    return {
        "version": __version__,
        "seconds": round(result.seconds, 3),
        "exit_status": result.exit_status,
        "streams": {name: _stream(stream) for name, stream in result.streams.items()},
    }


def write(result: RunResult, path: Path) -> None:
    """Write summary.json whole or not at all; SinkError where it cannot be written."""
    text = json.dumps(document(result), indent=2, ensure_ascii=False) + "\n"
    write_atomic(path, text.encode())


def table(result: RunResult) -> Table:
    """The summary for a reader, a stream a row."""
    count = len(result.streams)
    title = f"{count} stream{'s' if count != 1 else ''} in {result.seconds:.1f} s"
    rows = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    rows.add_column("stream", overflow="fold")
    rows.add_column("state")
    for heading in ("frames", "dropped", "failed", "fps", "objects", "p50 ms", "p99 ms"):
        rows.add_column(heading, justify="right")
    for name, stream in result.streams.items():
        rows.add_row(Text(name), Text(stream.state, style=_COLORS[stream.state]), *_figures(stream.totals))
    errors = [f"{name}: {stream.error}" for name, stream in result.streams.items() if stream.error]
    rows.caption = Text("\n".join(errors), style="red") if errors else None
    rows.caption_justify = "left"
    return rows


def accounts_of(totals: Totals) -> dict[str, object]:
    """A stream's accounts in plain values: what became of its frames, how late they were."""
    return {
        "captured": totals.captured,
        "emitted": totals.emitted,
        "dropped": totals.dropped,
        "failed": totals.failed,
        "degraded": totals.degraded,
        "in_flight": totals.in_flight,
        "objects": totals.objects,
        "restarts": totals.restarts,
        "sinks": {name: asdict(sink) for name, sink in totals.sinks.items()},
        "latency_ms": totals.latency_ms,
    }


def per_frame(stage: StageTime) -> dict[str, float]:
    """A stage's frames, and its times in milliseconds a frame."""
    sums = {"busy_ms": stage.busy_ns, "waiting_ms": stage.waiting_ns, "blocked_ms": stage.blocked_ns}
    return {"frames": stage.frames, **{name: round(ns / stage.frames / 1e6, 3) for name, ns in sums.items()}}


def _stream(stream: StreamResult) -> dict[str, object]:
    shown: dict[str, object] = {
        "source": stream.source,
        "state": stream.state,
        "error": stream.error,
        "fps": round(stream.totals.fps, 3),
        "reconnects": stream.reconnects,
        **accounts_of(stream.totals),
    }
    if stream.stages:
        shown["stages"] = {name: per_frame(stage) for name, stage in stream.stages.items()}
    return shown


def _figures(totals: Totals) -> list[str]:
    total_ms = totals.latency_ms.get("total")
    return [
        str(totals.emitted),
        _causes(totals.dropped),
        _causes(totals.failed),
        f"{totals.fps:.1f}",
        str(totals.objects),
        *(f"{total_ms[share]:.1f}" if total_ms else "-" for share in ("p50", "p99")),
    ]


def _causes(counts: dict[str, int]) -> str:
    return " ".join(f"{cause} {count}" for cause, count in counts.items()) or "0"
