"""Events of a stream as lines, frame after frame: as events.jsonl holds them and messages carry them."""

from dataclasses import dataclass
from typing import Any

import msgspec

from streamseg.config import StreamConfig
from streamseg.events import Event, Watch, WatchState
from streamseg.records import Extraction
from streamseg.sinks.objects import box_xywh, utc_time


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event: the frame that shows it, its place among those of that frame, from 0, and its line in events.jsonl."""

    seq: int
    index: int
    record: dict[str, Any]

    def id_in(self, run: str) -> str:
        """Its id: the same if it is told again after a death, another one in another run."""
        return f"{run}-{self.seq}-{self.index}"


class EventMark(msgspec.Struct, array_like=True):
    """The last frame: its number (-1: none yet), media time and wall time, and how many events were told of it."""

    seq: int = -1
    pts_ns: int = 0
    wall_ns: int | None = None
    told: int = 0


class EventState(msgspec.Struct, array_like=True):
    """What a successor goes on from: the last frame, and what is known of the objects."""

    mark: EventMark
    watch: WatchState


class EventTeller:
    """Tells what happens in one stream. A frame given again tells nothing again.

    Args:
        stream: its zones and lines.
        size_hw: of its frames.
        state: of a predecessor, to go on from.
    """

    def __init__(self, stream: StreamConfig, size_hw: tuple[int, int], state: EventState | None = None):
        self._watch = Watch(stream, size_hw, state.watch if state else None)
        self._mark = state.mark if state else EventMark()

    @property
    def state(self) -> EventState:
        """To be encoded before the next frame, which changes it."""
        return EventState(self._mark, self._watch.state)

    @property
    def seq(self) -> int:
        """Number of the last frame, or -1."""
        return self._mark.seq

    @property
    def pts_ns(self) -> int:
        """Media time of the last frame."""
        return self._mark.pts_ns

    def update(self, extraction: Extraction) -> list[EventLine]:
        """What a frame shows."""
        frame = extraction.frame
        if frame.seq <= self._mark.seq:
            return []
        self._mark = EventMark(frame.seq, frame.pts_ns, frame.wall_ns)
        return self._lines(self._watch.update(extraction))

    def finish(self) -> list[EventLine]:
        """The end of whatever is still there, when the stream is over."""
        return self._lines(self._watch.finish())

    def _lines(self, events: list[Event]) -> list[EventLine]:
        first = self._mark.told
        self._mark.told += len(events)
        return [EventLine(self._mark.seq, first + i, _record(event, self._mark)) for i, event in enumerate(events)]


def _record(event: Event, mark: EventMark) -> dict[str, Any]:
    """The line of one event, as events.schema.json describes it."""
    return {
        "seq": mark.seq,
        "pts": mark.pts_ns / 1e9,
        "time": utc_time(mark.wall_ns),
        "event": event.kind,
        "track": event.track,
        "label": event.label,
        "box": box_xywh(event.box),
        "zone": event.zone,
        "line": event.line,
        "direction": event.direction,
        "seconds": None if event.seconds is None else round(event.seconds, 3),
    }
