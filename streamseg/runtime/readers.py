"""The capture workers of a run: as many as its streams need."""

from collections import Counter
from collections.abc import Callable, Iterable

from streamseg.config import Config
from streamseg.runtime.crew import Crew, Member
from streamseg.runtime.placement import Placement, WorkerPlan
from streamseg.runtime.stream_run import StreamRun


class Readers:
    """Finds a reader for each stream whose turn has come.

    Args:
        config: runtime.streams_per_capture matters here.
        placement: as the run begins.
        crew: the workers.
        hire: starts one more worker.

    Attributes:
        placement: as it is now.
    """

    def __init__(self, config: Config, placement: Placement, crew: Crew, hire: Callable[[WorkerPlan], None]):
        self.placement = placement
        self._most = config.runtime.streams_per_capture
        self._crew, self._hire = crew, hire

    def free(self, active: Iterable[StreamRun]) -> Member | None:
        """The one that reads the fewest of the active streams, if it may read one more; or one more is hired."""
        reading = Counter(reader_of(run).name for run in active)
        readers = [self._crew.members[plan.name] for plan in self.placement.groups[0]]
        able = [member for member in readers if member.ready and member.name not in self._crew.gone]
        free = min(able, key=lambda member: reading[member.name], default=None)
        if free is not None and reading[free.name] < self._most:
            return free
        if all(member.ready or member.name in self._crew.gone for member in readers):  # none is about to be ready
            self.placement, plan = self.placement.with_reader()
            self._hire(plan)
        return None


def reader_of(run: StreamRun) -> WorkerPlan:
    """The capture worker of a stream that has begun."""
    return next(plan for plan in run.workers if "capture" in plan.stages)
