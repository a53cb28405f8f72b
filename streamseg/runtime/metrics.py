"""Where a stream's time goes: per stage busy, waiting, blocked; told by the stamps in the slots."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streamseg.accounts import Account, StageTime
from streamseg.runtime.visits import Result, Stamp, Visit


@dataclass(slots=True)
class StageTimes:
    """The stages of one stream."""

    stages: dict[str, StageTime] = field(default_factory=dict)

    def frame(self, account: Account, stamp: Stamp, visits: Sequence[tuple[str, Visit]]) -> None:
        """Add a frame that is done with, by what its stations told, in their order; also to the account's latencies."""
        capture = self.stages.setdefault("capture", StageTime())
        capture.frames += 1
        capture.busy_ns += stamp.spent_ns
        capture.blocked_ns += stamp.blocked_ns
        account.spent("capture", stamp.spent_ns)
        ready_ns = stamp.published_ns
        worked = [(name, visit) for name, visit in visits if visit.result in (Result.WRITTEN, Result.SKIPPED)]
        for name, visit in worked:
            stage = self.stages.setdefault(name, StageTime())
            stage.frames += 1
            stage.busy_ns += visit.ended_ns - visit.begun_ns
            stage.waiting_ns += max(0, visit.begun_ns - ready_ns)
            account.spent(name, visit.ended_ns - visit.begun_ns)
            if not name.startswith("sink:"):
                ready_ns = visit.ended_ns
        sinks = [visit for name, visit in worked if name.startswith("sink:")]
        if sinks:
            account.spent("sinks", max(v.ended_ns for v in sinks) - min(v.begun_ns for v in sinks))
