"""What a worker does with a frame: a station per stage takes what is ready, works on it, and lets it go."""

import itertools
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec

from streamseg.config import RuntimeConfig
from streamseg.errors import told
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.messages import Failed
from streamseg.runtime.slots import Result
from streamseg.runtime.store import Area
from streamseg.shedding import Shed
from streamseg.stages import Network

log = logging.getLogger(__name__)

State = TypeVar("State")

GPU_BATCH = 8


class Host(Protocol):
    """What a station needs of the worker that it lives in."""

    def ring(self, ticket: Ticket, stage: str) -> None:
        """Tell the next stations that stage has let a frame go."""

    def report(self, message: Failed) -> None:
        """Tell the supervisor that a frame failed."""


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
        column = stream.column(self.stage)
        for ticket in stream.waiting(column):
            if not ticket.table.ready(ticket.slot, column):
                if self.in_order:
                    return
            elif ticket.table.lost(ticket.slot, column):
                self._let_go(ticket, Result.PASSED)
            else:
                yield ticket

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


class InferenceStation(Station):
    """Views to instances, in batches across streams.

    Of a live stream the newest frame is taken, and older ones end as stale; under a latency contract they go on without
    having been looked at, and so do others when the contract asks for it, until it asks for dropping frames. A frame
    that was in the hands of a worker that died is tried again alone, so that it cannot spoil a batch twice.

    Args:
        host: the worker.
        network: the network.
        runtime: batch, batch_wait_ms and max_latency_ms matter here; on a CPU a batch gains nothing.
        device: where the network runs.
    """

    stage = "inference"

    def __init__(self, host: Host, network: Network, runtime: RuntimeConfig, *, device: str = "cpu"):
        super().__init__(host)
        self._network = network
        self._batch = runtime.batch or (GPU_BATCH if device.startswith("cuda") else 1)
        self._wait_s = runtime.batch_wait_ms / 1e3
        self._has_contract = runtime.max_latency_ms is not None
        self._since_s: float | None = None

    def step(self) -> bool:
        tickets = list(itertools.islice(self._choose(), self._batch))
        self.impatient = bool(tickets) and self._waits(len(tickets))
        if not tickets or self.impatient:
            return False
        self._since_s = None
        begun = [ticket for ticket in tickets if self._begin(ticket)]
        if begun:
            for ticket in begun:
                self._has_served(ticket.stream.number)
            self._infer(begun)
        return True

    def _waits(self, count: int) -> bool:
        """Whether a batch that is not full waits a little longer."""
        if self._batch == 1 or count >= min(self._batch, len(self.streams)):
            return False
        now_s = time.monotonic()
        self._since_s = self._since_s if self._since_s is not None else now_s
        return now_s - self._since_s < self._wait_s

    def _choose(self) -> Iterator[Ticket]:
        """Frames for a batch, the first one's turn it is; one that is suspected comes alone or not at all."""
        first = True
        for stream in self._by_turn():
            ready = list(self._ready(stream))
            if stream.live:
                ready = self._newest(ready)
            for ticket in ready:
                suspected = ticket.table.given[stream.column(self.stage), ticket.slot] == ticket.generation
                if first or not suspected:
                    yield ticket
                if suspected:
                    return
                first = False

    def _newest(self, ready: list[Ticket]) -> list[Ticket]:
        """The newest of a live stream's frames, if it is to be looked at; all others are let go."""
        if not ready:
            return ready
        level = ready[-1].table.shed
        passed = Result.NOT_RUN if self._has_contract and level < Shed.FRAMES else Result.STALE
        for older in ready[:-1]:
            self._let_go(older, passed)
        if ready[-1].seq % level.detects_every:
            self._let_go(ready[-1], Result.NOT_RUN)
            return []
        return ready[-1:]

    def _infer(self, tickets: Sequence[Ticket]) -> None:
        found = []

        def infer() -> None:
            found.extend(self._network([ticket.sample() for ticket in tickets]))

        if len(tickets) > 1:
            try:
                infer()
            except Exception:  # one of them is to blame: each for itself
                for ticket in tickets:
                    self._infer([ticket])
                return
        elif not self._attempt(tickets[0], infer):
            return
        for ticket, instances in zip(tickets, found, strict=True):
            if self._attempt(ticket, lambda t=ticket, i=instances: t.put(Area.INSTANCES, i)):  # type: ignore[misc]
                self._let_go(ticket, Result.WRITTEN)
