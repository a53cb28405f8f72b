"""Who is stuck: a worker that owes work and makes no progress. No heartbeats: a busy loop would send them, too."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streamseg.runtime.crew import Member
from streamseg.runtime.stream_run import StreamRun

_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class _Seen:
    """A worker's incarnation, a sum that changes with its progress, and since when it has not."""

    incarnation: int
    progress: int
    since_s: float


class StallWatch:
    """Compares the tables over time.

    Capture is not watched: how long a source may be silent is its own matter (capture.read_timeout_s).

    Args:
        stall_s: longest time without progress while there is work.
        start_s: longest time until a worker is ready.
    """

    def __init__(self, stall_s: float, start_s: float):
        self._stall_s, self._start_s = stall_s, start_s
        self._seen: dict[str, _Seen] = {}
        self._due_s = 0.0

    def stuck(self, members: Iterable[Member], runs: Iterable[StreamRun]) -> Iterator[Member]:
        """The workers that are."""
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        self._due_s = now_s + _LOOK_EVERY_S
        runs = list(runs)
        for member in members:
            if not member.ready:
                if member.process.poll() is None and now_s - member.started_s > self._start_s:
                    yield member
                continue
            owes, progress = _state(member, runs)
            before = self._seen.get(member.name)
            moved = before is None or (before.incarnation, before.progress) != (member.incarnation, progress)
            if moved or not owes:
                self._seen[member.name] = _Seen(member.incarnation, progress, now_s)
            elif before is not None and now_s - before.since_s > self._stall_s:
                yield member


def _state(member: Member, runs: list[StreamRun]) -> tuple[bool, int]:
    """Whether a worker owes work, and a sum over all that it has let go or begun."""
    owes, progress = False, 0
    for run in runs:
        if member.plan not in run.workers:
            continue
        for stage in member.plan.stages:
            if stage == "capture":
                continue
            column = run.placement.stations.index(stage)
            for epoch in run.epochs.values():
                table = epoch.segment.table
                owes |= table.owed(column)
                progress += int(table.done[column].sum()) + int(table.given[column].sum())
    return owes, progress
