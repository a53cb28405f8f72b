"""One kind of sink for all its streams: frames in order, let go when what the sink made of them is durable."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from streamseg.config import Config
from streamseg.errors import told
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.messages import Closed
from streamseg.runtime.slots import Result
from streamseg.runtime.stations import Host, InTurn
from streamseg.sinks import build_sink
from streamseg.sinks.aside import Aside
from streamseg.stages import Sink


@dataclass(slots=True)
class _Outlet:
    """A stream's sink. held: frames that it has been given and that are not durable yet; last_seq: the newest one.

    durable: the last seq that was safe when it was opened. broken: it failed, and every further frame fails.
    """

    sink: Sink
    durable: int
    last_seq: int = -1
    held: list[Ticket] = field(default_factory=list)
    broken: bool = False


class SinkStation(InTurn):
    """Writes extractions; an error of a sink is fatal for its stream.

    Args:
        host: the worker.
        stage: sink:<kind>.
        config: what sinks make, and whether this one may skip frames (runtime.optional_sinks).
        version: of streamseg, for the records.
        closed: told when a stream's sink has been closed.
    """

    in_order = True

    def __init__(self, host: Host, stage: str, config: Config, *, version: str, closed: Callable[[Closed], None]):
        super().__init__(host)
        self.stage, self._kind = stage, stage.removeprefix("sink:")
        self._config, self._version, self._closed = config, version, closed
        self._outlets: dict[int, _Outlet] = {}

    def open(self, stream: Hosted) -> None:
        super().open(stream)
        assert stream.info is not None, "sinks are opened when capture knows its stream"
        sink = build_sink(self._kind, self._config, stream.name, version=self._version)
        if self._kind in self._config.runtime.optional_sinks:
            sink = Aside(sink)
        committed = stream.ledger.committed(stream.column(self.stage))
        outlet = self._outlets[stream.number] = _Outlet(sink, -1)
        try:
            outlet.durable = sink.open(stream.info, committed.state if committed else b"")
            # a death before the first frame is settled must find a place to go on from, too
            stream.ledger.commit(stream.column(self.stage), outlet.durable, sink.settle().position)
        except Exception as error:
            outlet.broken = True
            self._closed(Closed(stream.number, self.stage, told(error)))

    def forget(self, number: int) -> None:
        super().forget(number)
        self._outlets.pop(number, None)

    def step(self) -> bool:
        if super().step():
            return True
        for stream in self.streams.values():
            outlet = self._outlets[stream.number]
            if stream.number in self._ended and not any(self._unseen(stream, outlet)):
                self._ended.discard(stream.number)
                self._close(stream, outlet)
                return True
        return False

    def _unseen(self, stream: Hosted, outlet: _Outlet) -> Iterator[Ticket]:
        return (t for t in stream.waiting(stream.column(self.stage)) if t.seq > outlet.last_seq)

    def _ready(self, stream: Hosted) -> Iterator[Ticket]:
        outlet = self._outlets[stream.number]
        return (ticket for ticket in super()._ready(stream) if ticket.seq > outlet.last_seq)

    def _handle(self, ticket: Ticket) -> None:
        outlet = self._outlets[ticket.stream.number]
        outlet.last_seq = ticket.seq
        if outlet.broken:
            self._let_go(ticket, Result.FAILED)
        elif self._begin(ticket):
            try:
                self._write(ticket, outlet)
                self._settle(outlet, ticket.stream)
            except Exception as error:
                outlet.broken = True
                if ticket not in outlet.held:
                    outlet.held.append(ticket)
                for held in outlet.held:
                    self._fail(held, Result.FAILED, error, fatal=True)
                outlet.held.clear()

    def _write(self, ticket: Ticket, outlet: _Outlet) -> None:
        table, column = ticket.table, ticket.stream.column(self.stage)
        wrote = outlet.sink.write(ticket.extraction()) if ticket.seq > outlet.durable else True
        result = Result.WRITTEN if wrote else Result.SKIPPED
        table.finish(ticket.slot, column, result, now_ns=time.monotonic_ns())
        table.came_back(ticket.slot, column)
        outlet.held.append(ticket)

    def _settle(self, outlet: _Outlet, stream: Hosted) -> None:
        """Let go of what is durable, after the place where a successor would go on is committed."""
        durable = outlet.sink.settle()
        safe = [ticket for ticket in outlet.held if ticket.seq <= max(durable.seq, outlet.durable)]
        if safe:
            stream.ledger.commit(stream.column(self.stage), safe[-1].seq, durable.position)
            self._release(safe, outlet)

    def _release(self, tickets: list[Ticket], outlet: _Outlet) -> None:
        for ticket in tickets:
            outlet.held.remove(ticket)
            ticket.table.let_go(ticket.slot, ticket.stream.column(self.stage))
            self.host.ring(ticket, self.stage)

    def _close(self, stream: Hosted, outlet: _Outlet) -> None:
        error = None
        try:
            outlet.sink.close()
        except Exception as raised:
            error = None if outlet.broken else told(raised)
        self._release(list(outlet.held), outlet)
        self._closed(Closed(stream.number, self.stage, error))
