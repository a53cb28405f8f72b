"""events.jsonl: a line for everything that happens to a tracked object."""

from pathlib import Path
from typing import Any

import msgspec

from streamseg.config import Config, StreamConfig
from streamseg.errors import SinkError
from streamseg.events import Event, Watch, WatchState
from streamseg.records import Extraction, StreamInfo
from streamseg.sinks.lines import LinesFile, Place
from streamseg.sinks.objects import box_xywh, utc_time
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.rotation import Rotation, remove_after

_NAME = "events.jsonl"


class _Moment(msgspec.Struct, frozen=True, array_like=True):
    """The last frame: its number, media time and wall time."""

    seq: int = -1
    pts_ns: int = 0
    wall_ns: int | None = None


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """After which frame, where in the file, and what is known of the objects."""

    moment: _Moment
    place: Place
    state: WatchState


class EventsSink:
    """Appends lines as things happen; a line is in the file when write() returns, and safe from the process's end.

    Args:
        config: output.rotate_* matters here.
        stream: its zones and lines.
        folder: the stream's output folder.
    """

    name = "events"

    def __init__(self, config: Config, stream: StreamConfig, folder: Path):
        self.folder, self._stream = folder, stream
        self._lines = LinesFile(folder, _NAME, Rotation.of(config.output))
        self._watch: Watch | None = None
        self._moment = _Moment()

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one from the start, for what was known of the objects is lost."""
        claim_stream(self.folder)
        if position:
            told = msgspec.msgpack.decode(position, type=_Position)
            self._moment = told.moment
            self._lines.resume(told.place)
            self._watch = Watch(self._stream, info.size_hw, told.state)
        else:
            remove_after(self.folder, _NAME, 0)
            self._lines.begin(1)
            self._watch = Watch(self._stream, info.size_hw)
        return self._moment.seq

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        if frame.seq > self._moment.seq:
            self._moment = _Moment(frame.seq, frame.pts_ns, frame.wall_ns)
            self._append(self._opened().update(extraction))
        return True

    def settle(self) -> bytes:
        return msgspec.msgpack.encode(_Position(self._moment, self._lines.place, self._opened().state))

    def close(self) -> None:
        """Whatever is still there ends with the stream."""
        watch, self._watch = self._watch, None
        if watch is not None:
            self._append(watch.finish())
        self._lines.close()

    def _append(self, events: list[Event]) -> None:
        lines = b"".join(msgspec.json.encode(_record(event, self._moment)) + b"\n" for event in events)
        if lines:
            self._lines.append(lines, self._moment.pts_ns)

    def _opened(self) -> Watch:
        if self._watch is None:
            raise SinkError(f"{self.folder / _NAME}: is closed; open() comes before write()")
        return self._watch


def _record(event: Event, moment: _Moment) -> dict[str, Any]:
    """The line of one event, as events.schema.json describes it."""
    return {
        "seq": moment.seq,
        "pts": moment.pts_ns / 1e9,
        "time": utc_time(moment.wall_ns),
        "event": event.kind,
        "track": event.track,
        "label": event.label,
        "box": box_xywh(event.box),
        "zone": event.zone,
        "line": event.line,
        "direction": event.direction,
        "seconds": None if event.seconds is None else round(event.seconds, 3),
    }
