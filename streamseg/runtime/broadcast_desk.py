"""The supervisor's side of the broadcast worker: when it is needed, what it is told, what it tells."""

from collections.abc import Callable, Iterable

from streamseg.broadcast.push_status import PushStatus
from streamseg.config import Config
from streamseg.runtime.crew import Crew
from streamseg.runtime.messages import BROADCAST, Broadcast
from streamseg.runtime.placement import WorkerPlan
from streamseg.runtime.stream_run import StreamRun


class BroadcastDesk:
    """Keeps the broadcast worker told of the streams that there are.

    Args:
        config: broadcast matters here.

    Attributes:
        pushes: how they get on.
    """

    plan = WorkerPlan("broadcast-0", (BROADCAST,))

    def __init__(self, config: Config):
        self._config = config
        self._told: tuple[int, dict[str, tuple[str, ...]]] | None = None
        self.pushes: tuple[PushStatus, ...] = ()

    def tick(self, runs: Iterable[StreamRun], crew: Crew, start: Callable[[WorkerPlan], None]) -> None:
        """Start the worker once a stream needs it, and tell it what has changed; several times a second."""
        urls = {run.name: tuple(self._config.push_of(run.stream)) for run in runs if run.phase != "over"}
        member = crew.members.get(self.plan.name)
        if member is None:
            if not urls or not (self._config.broadcast.hls.enabled or any(urls.values())):
                return
            start(self.plan)
            member = crew.members[self.plan.name]
        if member.name not in crew.gone and self._told != (member.incarnation, urls):
            self._told = member.incarnation, urls
            member.tell(Broadcast(urls))
