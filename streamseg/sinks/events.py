"""events.jsonl: a line for everything that happens to a tracked object."""

from pathlib import Path

import msgspec

from streamseg.config import Config, StreamConfig
from streamseg.errors import SinkError
from streamseg.records import Extraction, StreamInfo
from streamseg.sinks.event_lines import EventLine, EventState, EventTeller
from streamseg.sinks.lines import LinesFile, Place
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.rotation import Rotation, remove_after

_NAME = "events.jsonl"


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """What was told, and where in the file."""

    state: EventState
    place: Place


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
        self._teller: EventTeller | None = None

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one from the start, for what was known of the objects is lost."""
        claim_stream(self.folder)
        if position:
            told = msgspec.msgpack.decode(position, type=_Position)
            self._lines.resume(told.place)
            self._teller = EventTeller(self._stream, info.size_hw, told.state)
        else:
            remove_after(self.folder, _NAME, 0)
            self._lines.begin(1)
            self._teller = EventTeller(self._stream, info.size_hw)
        return self._teller.seq

    def write(self, extraction: Extraction) -> bool:
        self._append(self._opened().update(extraction), extraction.frame.pts_ns)
        return True

    def settle(self) -> bytes:
        return msgspec.msgpack.encode(_Position(self._opened().state, self._lines.place))

    def close(self) -> None:
        """Whatever is still there ends with the stream."""
        teller, self._teller = self._teller, None
        if teller is not None:
            self._append(teller.finish(), teller.pts_ns)
        self._lines.close()

    def _append(self, events: list[EventLine], pts_ns: int) -> None:
        lines = b"".join(msgspec.json.encode(event.record) + b"\n" for event in events)
        if lines:
            self._lines.append(lines, pts_ns)

    def _opened(self) -> EventTeller:
        if self._teller is None:
            raise SinkError(f"{self.folder / _NAME}: is closed; open() comes before write()")
        return self._teller
