"""A sink that sends events elsewhere, at least once each: what is not delivered yet is part of its committed state.

    write() --> EventTeller --> Outbox --> Courier's thread --> Carrier (webhook, MQTT)
                    |              |
                    +-- settle() --+--> what is known of the objects, and every event not delivered

A successor goes on with both: it tells the same events by the same ids, and those that a predecessor delivered after
it settled last come twice. write() never waits for anybody.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from streamseg.config import StreamConfig
from streamseg.errors import SinkError
from streamseg.records import Extraction, StreamInfo
from streamseg.sinks.courier import Carrier, Courier
from streamseg.sinks.event_lines import EventLine, EventState, EventTeller
from streamseg.sinks.objects import frame_record
from streamseg.sinks.outbox import Letter, Outbox

log = logging.getLogger(__name__)

_PASSING_ROOM = 8
"""Frames whose objects may wait; at 25 a second a third of a second."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """What is sent: events, of which `queue` may wait; objects, with masks or without. finish_s: see MqttConfig."""

    queue: int
    finish_s: float
    events: bool = True
    objects: bool = False
    masks: bool = False


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """The run's own name in ids, what was told, and what of it is not delivered."""

    run: str
    state: EventState
    letters: list[Letter]


class _Open(msgspec.Struct):
    """What an open sink works with."""

    run: str
    teller: EventTeller
    outbox: Outbox
    courier: Courier


class DeliverySink:
    """Sends the events of one stream, and on request the objects of its frames.

    Args:
        name: of the kind of sink.
        stream: with its name, zones and lines.
        cargo: what is sent.
        connect: makes the carrier of a run; it must not wait for the network.
    """

    def __init__(self, name: str, stream: StreamConfig, cargo: Cargo, connect: Callable[[str], Carrier]):
        assert stream.name, "expand() fills names"
        self.name = name
        self._stream, self._cargo, self._connect = stream, cargo, connect
        self._label = f"{name} stream={stream.name}"
        self._opened: _Open | None = None

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position, with what a predecessor had not delivered; without one from the start, as a new run."""
        before = msgspec.msgpack.decode(position, type=_Position) if position else None
        run = before.run if before else secrets.token_hex(8)
        teller = EventTeller(self._stream, info.size_hw, before.state if before else None)
        letters = before.letters if before else []
        outbox = Outbox(self._cargo.queue, letters, passing_room=_PASSING_ROOM)
        courier = Courier(self._label, outbox, self._connect(run))
        courier.start()
        self._opened = _Open(run, teller, outbox, courier)
        return teller.seq

    def write(self, extraction: Extraction) -> bool:
        """Put in what the frame tells; False if something was lost for want of room."""
        opened = self._working()
        if extraction.frame.seq <= opened.teller.seq:
            return True
        kept = self._put(opened, opened.teller.update(extraction))
        if self._cargo.objects:
            record = frame_record(extraction, masks=self._cargo.masks)
            letter = self._letter(f"{opened.run}-{extraction.frame.seq}", record, "objects")
            kept = opened.outbox.offer(letter) and kept
        return kept

    def settle(self) -> bytes:
        opened = self._working()
        return msgspec.msgpack.encode(_Position(opened.run, opened.teller.state, opened.outbox.waiting()))

    def close(self) -> None:
        """Send what ends with the stream; what cannot be delivered within finish_s is told in the log, and lost."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        self._put(opened, opened.teller.finish())
        opened.courier.finish(self._cargo.finish_s)
        fates, left = opened.courier.fates, len(opened.outbox.waiting())
        level = logging.WARNING if left or opened.outbox.lost or fates["given_up"] else logging.INFO
        log.log(
            level,
            "sink=%s delivered=%d given_up=%d overflowed=%d undelivered=%d",
            self._label,
            fates["delivered"],
            fates["given_up"],
            opened.outbox.lost,
            left,
        )

    def _put(self, opened: _Open, events: list[EventLine]) -> bool:
        if not self._cargo.events:
            return True
        first = opened.outbox.lost == 0
        lost = opened.outbox.put(self._letter(event.id_in(opened.run), event.record) for event in events)
        if lost and first:
            log.warning("sink=%s overflows: the oldest events are lost queue=%d", self._label, self._cargo.queue)
        return not lost

    def _letter(self, id_: str, record: dict[str, Any], kind: Literal["events", "objects"] = "events") -> Letter:
        body = msgspec.json.encode({"id": id_, "stream": self._stream.name, **record})
        return Letter(id_, body, time.monotonic(), kind)

    def _working(self) -> _Open:
        if self._opened is None:
            raise SinkError(f"sink={self._label}: is closed; open() comes before write()")
        return self._opened
