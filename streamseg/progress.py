"""Shows how the streams get on while they run: bars on a terminal, a plain log line every few seconds without one."""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from functools import partial
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn

from streamseg.accounts import Account, Totals
from streamseg.capture.status import SourceStatus

log = logging.getLogger(__name__)

LINES_EVERY_S = 5.0
_BARS_EVERY_S = 0.25
_FPS_OVER_S = 5.0


class Watched(Protocol):
    """A stream that is shown. frames is how many it will have, or None where nobody can tell."""

    account: Account

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def frames(self) -> int | None: ...
    @property
    def live(self) -> bool: ...
    @property
    def source(self) -> SourceStatus: ...


class Display(Protocol):
    """Entered while the streams run; update() comes often and does little."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def update(self) -> None: ...


def display(streams: Sequence[Watched], console: Console, *, verbose: bool = False) -> Display:
    """Bars if console is a terminal; log lines if not, or if it shows a verbose log already."""
    return Bars(streams, console) if console.is_terminal and not verbose else LogLines(streams)


class Bars:
    """A bar for each stream that has begun: frames, rate, drops, latency, time left. Streams may come and go."""

    def __init__(self, streams: Sequence[Watched], console: Console):
        self._streams = streams
        self._rates = defaultdict[str, _Rate](partial(_Rate, time.monotonic()))
        self._tasks: dict[str, TaskID] = {}
        self._due_s = 0.0
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[state]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[figures]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._due_s = 0.0
        self.update()
        self._progress.stop()

    def update(self) -> None:
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        self._due_s = now_s + _BARS_EVERY_S
        for stream in self._streams:
            if stream.state != "waiting":
                self._show(stream, now_s)
        for name in self._tasks.keys() - {stream.name for stream in self._streams}:
            self._progress.remove_task(self._tasks.pop(name))
            self._rates.pop(name, None)

    def _show(self, stream: Watched, now_s: float) -> None:
        totals = stream.account.totals()
        if stream.name not in self._tasks:
            self._tasks[stream.name] = self._progress.add_task(stream.name, total=None, state="", figures="")
        task = self._tasks[stream.name]
        running = stream.state == "running"
        fps = self._rates[stream.name](totals.emitted, now_s) if running else totals.fps
        completed = totals.emitted + totals.lost
        total = stream.frames if running else completed
        figures = " ".join(f"{name} {value}" for name, value in _figures(totals, fps).items())
        state = stream.source.state if running and stream.live else stream.state
        if running and stream.source.reason:
            figures = f"{figures} ({stream.source.reason})"
        self._progress.update(task, completed=completed, total=total, state=state, figures=figures)


class LogLines:
    """A log line for each running stream every LINES_EVERY_S, and a last one when all have ended."""

    def __init__(self, streams: Sequence[Watched], every_s: float = LINES_EVERY_S):
        self._streams = streams
        self._every_s = every_s
        self._rates = defaultdict[str, _Rate](partial(_Rate, time.monotonic()))
        self._due_s = time.monotonic() + every_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            totals = stream.account.totals()
            self._say(stream, _figures(totals, totals.fps))

    def update(self) -> None:
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        self._due_s = now_s + self._every_s
        for stream in self._streams:
            if stream.state == "running":
                totals = stream.account.totals()
                fps = self._rates[stream.name](totals.emitted, now_s)
                source = {"source": stream.source.state} if stream.live else {}
                self._say(stream, source | _figures(totals, fps) | _time_left(totals, stream.frames, fps))

    def _say(self, stream: Watched, figures: dict[str, str]) -> None:
        pairs = " ".join(f"{name}={value}" for name, value in figures.items())
        log.info("stream=%s state=%s %s", stream.name, stream.state, pairs)


class _Rate:
    """Frames per second of late."""

    def __init__(self, began_s: float) -> None:
        self._seen = deque([(began_s, 0)])

    def __call__(self, frames: int, now_s: float) -> float:
        self._seen.append((now_s, frames))
        while len(self._seen) > 2 and self._seen[1][0] <= now_s - _FPS_OVER_S:
            self._seen.popleft()
        then_s, before = self._seen[0]
        return (frames - before) / (now_s - then_s) if now_s > then_s else 0.0


def _figures(totals: Totals, fps: float) -> dict[str, str]:
    """Frames, rate, losses and the median latency."""
    dropped, failed = sum(totals.dropped.values()), sum(totals.failed.values())
    figures = {"frames": str(totals.emitted), "fps": f"{fps:.1f}", "dropped": str(dropped), "failed": str(failed)}
    if "total" in totals.latency_ms:
        figures["p50_ms"] = f"{totals.latency_ms['total']['p50']:.1f}"
    return figures


def _time_left(totals: Totals, frames: int | None, fps: float) -> dict[str, str]:
    if frames is None or fps <= 0:
        return {}
    return {"eta_s": f"{max(0, frames - totals.emitted - totals.lost) / fps:.0f}"}
