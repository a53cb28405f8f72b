"""Tracking in a worker: every frame in order, the tracker's state committed before a frame goes."""

from streamseg.config import Config
from streamseg.runtime.hosted import Harvest, Hosted, Ticket
from streamseg.runtime.stations import Host, Remembering
from streamseg.runtime.store import Area
from streamseg.runtime.visits import PLAIN
from streamseg.shedding import Shed
from streamseg.tracking import ObjectTracker
from streamseg.tracking.scorer import Scorer
from streamseg.tracking.state import TrackerState


class TrackingStation(Remembering):
    """Instances to tracks and cut-outs, every frame in order; the tracker's state is committed before a frame goes.

    The note of a frame is the number of objects that were confirmed in it, and PLAIN where mattes were left out.
    """

    stage = "tracking"

    def __init__(self, host: Host, config: Config):
        super().__init__(host)
        if config.best_shot.scorer is not None:
            Scorer(config.best_shot.scorer)  # an error before any stream begins
        self._config = config
        self._trackers: dict[int, ObjectTracker] = {}

    def open(self, stream: Hosted) -> None:
        super().open(stream)
        state = self._recall(stream, TrackerState)
        self._trackers[stream.number] = ObjectTracker.of(stream.config, self._config, stream.labels, state)

    def forget(self, number: int) -> None:
        super().forget(number)
        self._trackers.pop(number, None)

    def _handle(self, ticket: Ticket) -> None:
        self._do(ticket, self._track)

    def _track(self, ticket: Ticket) -> int:
        stream = ticket.stream
        column, tracker = stream.column(self.stage), self._trackers[stream.number]
        if self._is_done(ticket):
            return int(ticket.table.note[column, ticket.slot])
        known = {track.id for track in tracker.state.tracks if track.confirmed_label is not None}
        plain = ticket.table.shed >= Shed.MATTE
        instances = ticket.instances() if ticket.was_looked_at else None
        extraction = tracker.update(ticket.frame(), instances, ticket.sample().flow, plain=plain)
        confirmed = {track.id for track in extraction.tracks if track.confirmed_label is not None}
        ticket.put(Area.RESULT, Harvest(extraction.tracks, extraction.cutouts, extraction.degraded))
        note = len(confirmed - known) | (PLAIN if "matte" in extraction.degraded else 0)
        ticket.table.note[column, ticket.slot] = note
        self._commit(ticket, tracker.state)
        return note
