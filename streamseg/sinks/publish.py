"""Objects and events over ZeroMQ PUB: for whoever subscribes, and without regard to whether anybody does."""

import secrets
from dataclasses import dataclass

import msgspec

from streamseg.config import Config, StreamConfig
from streamseg.errors import SinkError
from streamseg.records import Extraction, StreamInfo
from streamseg.sinks.event_lines import EventLine, EventState, EventTeller
from streamseg.sinks.objects import frame_record
from streamseg.sinks.publish_messages import EventMessage, ObjectsMessage
from streamseg.sinks.publisher import Publisher, join, leave


class _Numbers(msgspec.Struct, array_like=True):
    """How many messages were sent of each topic."""

    objects: int = 0
    events: int = 0


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """The run's own name, what was told, and the numbers of what comes next."""

    run: str
    state: EventState
    numbers: _Numbers


@dataclass(slots=True)
class _Open:
    """What an open sink works with."""

    publisher: Publisher
    run: str
    teller: EventTeller
    numbers: _Numbers


class PublishSink:
    """Publishes what is asked for of each frame; what nobody fetches in time is lost, and the numbers show it.

    Args:
        config: publish and objects.masks matter here.
        stream: with its name, zones and lines.
    """

    name = "publish"

    def __init__(self, config: Config, stream: StreamConfig):
        assert stream.name, "expand() fills names"
        self._config, self._masks, self._stream = config.publish, config.objects.masks, stream
        self._stream_name = stream.name
        self._opened: _Open | None = None

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on with a predecessor's run and numbers; without a position as a new run."""
        before = msgspec.msgpack.decode(position, type=_Position) if position else None
        teller = EventTeller(self._stream, info.size_hw, before.state if before else None)
        run, numbers = (before.run, before.numbers) if before else (secrets.token_hex(8), _Numbers())
        self._opened = _Open(join(self._config), run, teller, numbers)
        return teller.seq

    def write(self, extraction: Extraction) -> bool:
        opened = self._working()
        if extraction.frame.seq <= opened.teller.seq:
            return True
        events = opened.teller.update(extraction)
        if self._config.objects:
            record = frame_record(extraction, masks=self._masks)
            number, opened.numbers.objects = opened.numbers.objects, opened.numbers.objects + 1
            message = ObjectsMessage(stream=self._stream_name, run=opened.run, number=number, **record)
            self._send("objects", message)
        self._tell(events)
        return True

    def settle(self) -> bytes:
        opened = self._working()
        return msgspec.msgpack.encode(_Position(opened.run, opened.teller.state, opened.numbers))

    def close(self) -> None:
        """Tell what ends with the stream."""
        if self._opened is None:
            return
        try:
            self._tell(self._opened.teller.finish())
        finally:
            self._opened = None
            leave(self._config)

    def _tell(self, events: list[EventLine]) -> None:
        opened = self._working()
        for event in events if self._config.events else ():
            number, opened.numbers.events = opened.numbers.events, opened.numbers.events + 1
            id_ = event.id_in(opened.run)
            message = EventMessage(stream=self._stream_name, run=opened.run, number=number, id=id_, **event.record)
            self._send("events", message)

    def _send(self, topic: str, message: ObjectsMessage | EventMessage) -> None:
        self._working().publisher.send(f"{self._stream_name}/{topic}".encode(), msgspec.msgpack.encode(message))

    def _working(self) -> _Open:
        if self._opened is None:
            raise SinkError(f"sink=publish stream={self._stream_name}: is closed; open() comes before write()")
        return self._opened
