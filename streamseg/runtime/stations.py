"""What a worker does with a frame: a station per stage takes what is ready, works on it, and lets it go."""

import itertools
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import msgspec

from streamseg.errors import told
from streamseg.runtime.exhausted import end_if_out_of_memory
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.messages import Failed, Prepared
from streamseg.runtime.visits import Result

log = logging.getLogger(__name__)

State = TypeVar("State")


class Host(Protocol):
    """What a station needs of the worker that it lives in."""

    def ring(self, ticket: Ticket, stage: str) -> None:
        """Tell the next stations that stage has let a frame go."""

    def report(self, message: Failed | Prepared) -> None:
        """Tell the supervisor something; from any thread."""


class Station(ABC):
    """One stage's column of the tables of all its streams: order, fairness, accounts. Subclasses do the work.

    Live streams go before files, among each the one that was served longest ago comes first. Within a stream frames
    are taken by rising seq; in order stations wait for the very next one.
    """

    stage: str
    in_order = False
    impatient = False
    """Whether it holds something back for a moment only, and wants to be asked again very soon."""

    def __init__(self, host: Host):
        self.host = host
        self.streams: dict[int, Hosted] = {}
        self._served: dict[int, int] = {}
        self._ended: set[int] = set()
        self._turn = itertools.count()
        self._nothing: dict[int, list[bytes]] = {}
        """By stream: the pulses of its tables before a look that found no frame to work on."""

    def open(self, stream: Hosted) -> None:
        """Take up a stream."""
        self.streams[stream.number] = stream
        self._has_served(stream.number)

    def change(self, stream: Hosted) -> None:
        """The stream has another configuration: go on with it where the last frame left off, as a successor would."""
        ended = stream.number in self._ended
        self.forget(stream.number)
        self.open(stream)
        if ended:
            self.end(stream.number)

    def end(self, number: int) -> None:
        """Capture of the stream has ended: nothing comes but what waits already."""
        self._ended.add(number)

    def forget(self, number: int) -> None:
        """The stream is over."""
        self.streams.pop(number, None)
        self._served.pop(number, None)
        self._nothing.pop(number, None)
        self._ended.discard(number)

    @abstractmethod
    def step(self) -> bool:
        """Work on one frame, or one batch; False if nothing was ready."""

    def _by_turn(self) -> list[Hosted]:
        """The streams, in the order in which they are to be served."""
        return sorted(self.streams.values(), key=lambda stream: (not stream.live, self._served[stream.number]))

    def _has_served(self, number: int) -> None:
        self._served[number] = next(self._turn)

    def _ready(self, stream: Hosted) -> Iterator[Ticket]:
        """Frames that can be worked on now; what is lost already is passed on, which is work enough to ask again."""
        pulses = [segment.table.pulse for segment in stream.segments.values()]
        if pulses == self._nothing.get(stream.number):
            return
        column, nothing = stream.column(self.stage), True
        for ticket in stream.waiting(column):
            if not ticket.table.ready(ticket.slot, column):
                if self.in_order:
                    break
            elif ticket.table.lost(ticket.slot, column):
                self._let_go(ticket, Result.PASSED)
            else:
                nothing = False
                yield ticket
        if nothing:
            self._nothing[stream.number] = pulses

    def _do(self, ticket: Ticket, work: Callable[[Ticket], int]) -> None:
        """The whole of a frame's stay: begin, work, let go. The number that work gives is the frame's note."""
        if self._begin(ticket):
            self._attempt(ticket, lambda: self._let_go(ticket, Result.WRITTEN, note=work(ticket)))

    def _begin(self, ticket: Ticket) -> bool:
        """Before work: False if the frame is poison, which is then said."""
        if ticket.table.begin(ticket.slot, ticket.stream.column(self.stage), time.monotonic_ns()):
            return True
        self._fail(ticket, Result.POISON, f"its worker died on it twice ({self.stage})")
        return False

    def _attempt(self, ticket: Ticket, work: Callable[[], None]) -> bool:
        try:
            work()
        except Exception as error:
            end_if_out_of_memory(error)
            log.debug("stream=%s seq=%d failed=%s", ticket.stream.name, ticket.seq, self.stage, exc_info=True)
            self._fail(ticket, Result.FAILED, error)
            return False
        return True

    def _fail(self, ticket: Ticket, result: Result, error: Exception | str, *, fatal: bool = False) -> None:
        self.host.report(Failed(ticket.stream.number, ticket.seq, self.stage, told(error), fatal))
        self._let_go(ticket, result)

    def _let_go(self, ticket: Ticket, result: Result, *, note: int = 0) -> None:
        table, column = ticket.table, ticket.stream.column(self.stage)
        table.finish(ticket.slot, column, result, now_ns=time.monotonic_ns(), note=note)
        table.let_go(ticket.slot, column)
        self.host.ring(ticket, self.stage)


class InTurn(Station):
    """A station that works on one frame at a time."""

    def step(self) -> bool:
        for stream in self._by_turn():
            ticket = next(self._ready(stream), None)
            if ticket is not None:
                self._has_served(stream.number)
                self._handle(ticket)
                return True
        return False

    @abstractmethod
    def _handle(self, ticket: Ticket) -> None:
        """Do what the stage does with a frame that is ready."""


class Remembering(InTurn):
    """A station with a state for each stream, committed after every frame and before that frame goes."""

    in_order = True

    def __init__(self, host: Host):
        super().__init__(host)
        self._done: dict[int, int] = {}
        """By stream: the last frame that a predecessor finished."""

    def forget(self, number: int) -> None:
        super().forget(number)
        self._done.pop(number, None)

    def _recall(self, stream: Hosted, kind: type[State]) -> State | None:
        """What a predecessor knew of a stream."""
        committed = stream.ledger.committed(stream.column(self.stage))
        self._done[stream.number] = committed.seq if committed else -1
        return msgspec.msgpack.decode(committed.state, type=kind) if committed else None

    def _is_done(self, ticket: Ticket) -> bool:
        """Whether a predecessor finished the frame, and died before it let it go."""
        return ticket.seq <= self._done[ticket.stream.number]

    def _commit(self, ticket: Ticket, state: object) -> None:
        """Keep the state that holds after this frame."""
        stream = ticket.stream
        stream.ledger.commit(stream.column(self.stage), ticket.seq, msgspec.msgpack.encode(state))
