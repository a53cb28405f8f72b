"""Tracking in a worker: every frame in order, the tracker's state committed before a frame goes."""

import msgspec

from streamseg.config import Config
from streamseg.runtime.hosted import Harvest, Hosted, Ticket
from streamseg.runtime.stations import Host, Station
from streamseg.runtime.store import Area
from streamseg.tracking import ObjectTracker
from streamseg.tracking.state import TrackerState


class TrackingStation(Station):
    """Instances to tracks and cut-outs, every frame in order; the tracker's state is committed before a frame goes.

    The note of a frame is the number of objects that were confirmed in it.
    """

    stage = "tracking"
    in_order = True

    def __init__(self, host: Host, config: Config):
        super().__init__(host)
        self._config = config
        self._trackers: dict[int, ObjectTracker] = {}

    def open(self, stream: Hosted) -> None:
        super().open(stream)
        committed = stream.ledger.committed(stream.column(self.stage))
        state = msgspec.msgpack.decode(committed.state, type=TrackerState) if committed else None
        self._trackers[stream.number] = _tracker(stream, self._config, state)

    def forget(self, number: int) -> None:
        super().forget(number)
        self._trackers.pop(number, None)

    def work(self, ticket: Ticket) -> int:
        stream = ticket.stream
        column, tracker = stream.column(self.stage), self._trackers[stream.number]
        committed = stream.ledger.committed(column)
        if committed is not None and committed.seq >= ticket.seq:
            return int(ticket.table.note[column, ticket.slot])  # done by a predecessor that died before it let go
        known = {track.id for track in tracker.state.tracks if track.confirmed_label is not None}
        extraction = tracker.update(ticket.frame(), ticket.instances())
        confirmed = {track.id for track in extraction.tracks if track.confirmed_label is not None}
        ticket.put(Area.RESULT, Harvest(extraction.tracks, extraction.cutouts, extraction.degraded))
        note = len(confirmed - known)
        ticket.table.note[column, ticket.slot] = note
        stream.ledger.commit(column, ticket.seq, msgspec.msgpack.encode(tracker.state))
        return note


def _tracker(stream: Hosted, config: Config, state: TrackerState | None) -> ObjectTracker:
    own = stream.config
    return ObjectTracker(
        stream.labels,
        config.tracking,
        config.cutouts,
        score=config.model.score if own.score is None else own.score,
        classes=config.model.classes if own.classes is None else own.classes,
        state=state,
    )
