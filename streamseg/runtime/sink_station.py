"""One kind of sink for all its streams: frames in order, let go when what the sink made of them is safe."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamseg.broadcast.tap import Tap
from streamseg.config import Config, ModelConfig
from streamseg.errors import told
from streamseg.provenance import model_sha256
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.messages import Closed
from streamseg.runtime.stations import Host, InTurn
from streamseg.runtime.visits import Result
from streamseg.sinks import build_sink
from streamseg.sinks.aside import Aside
from streamseg.stages import Sink

_NAME_THE_NETWORK = ("cutouts", "clips")
_WAIT_AT_THE_END = ("publish", "mqtt", "webhook")


@dataclass(slots=True)
class _Outlet:
    """A stream's sink. network: which its records name. safe_seq: the last frame that was safe when it was opened.

    broken: every further frame fails.
    """

    sink: Sink
    network: int
    safe_seq: int = -1
    broken: bool = False


class SinkStation(InTurn):
    """Writes extractions; an error of a sink is fatal for its stream.

    Args:
        host: the worker.
        stage: sink:<kind>.
        config: what sinks make, and whether this one may skip frames (runtime.optional_sinks).
        version: of streamseg, for the records.
        closed: told when a stream's sink has been closed.
        networks: by which frames were looked at so far, by number; grows when another takes over.
        folder: the run's own, with the sockets of those who show pictures; None: nobody does.
    """

    in_order = True

    def __init__(
        self,
        host: Host,
        stage: str,
        config: Config,
        *,
        version: str,
        closed: Callable[[Closed], None],
        networks: Sequence[ModelConfig],
        folder: Path | None = None,
    ):
        super().__init__(host)
        self.stage, self._kind = stage, stage.removeprefix("sink:")
        self._config, self._version, self._closed = config, version, closed
        self._folder = folder if config.is_broadcast or config.web.enabled else None
        self._networks, self._sha256 = networks, dict[int, str | None]()
        self._outlets: dict[int, _Outlet] = {}

    def open(self, stream: Hosted) -> None:
        self._open(stream, len(self._networks) - 1)

    def _open(self, stream: Hosted, network: int) -> None:
        super().open(stream)
        assert stream.info is not None, "sinks are opened when capture knows its stream"
        sink = self._build(stream, network)
        if self._kind in self._config.runtime.optional_sinks:
            sink = Aside(sink)
        committed = stream.ledger.committed(stream.column(self.stage))
        outlet = self._outlets[stream.number] = _Outlet(sink, network)
        try:
            outlet.safe_seq = sink.open(stream.info, committed.state if committed else b"")
            # a death before the first frame is settled must find a place to go on from, too
            stream.ledger.commit(stream.column(self.stage), outlet.safe_seq, sink.settle())
        except Exception as error:
            outlet.broken = True
            self._closed(Closed(stream.number, self.stage, told(error)))

    def _build(self, stream: Hosted, network: int) -> Sink:
        """A stream's sink, whose records name the network that frames were looked at by."""
        if self._kind not in _NAME_THE_NETWORK:
            tap = Tap(self._folder, stream.name) if self._kind == "video" and self._folder is not None else None
            return build_sink(self._kind, self._config, stream.config, version=self._version, tap=tap)
        model = self._networks[network]
        if network not in self._sha256:
            self._sha256[network] = model_sha256(model)
        config = self._config.model_copy(update={"model": model})
        return build_sink(self._kind, config, stream.config, version=self._version, model_sha256=self._sha256[network])

    def _outlet(self, ticket: Ticket) -> _Outlet:
        """Where a frame goes; opened anew, as by a successor, where another network than before looked at it."""
        stream = ticket.stream
        outlet = self._outlets[stream.number]
        if self._kind not in _NAME_THE_NETWORK or not ticket.was_looked_at or ticket.network == outlet.network:
            return outlet
        ended = stream.number in self._ended
        self.forget(stream.number)
        self._open(stream, ticket.network)
        if ended:
            self.end(stream.number)
        return self._outlets[stream.number]

    def forget(self, number: int) -> None:
        super().forget(number)
        outlet = self._outlets.pop(number, None)
        if outlet is not None and isinstance(outlet.sink, Aside):
            outlet.sink.leave()

    def step(self) -> bool:
        if super().step():
            return True
        for stream in self.streams.values():
            if stream.number in self._ended and not any(stream.waiting(stream.column(self.stage))):
                self._ended.discard(stream.number)
                self._begin_close(stream, self._outlets[stream.number])
                return True
        return False

    def _handle(self, ticket: Ticket) -> None:
        if ticket.network >= len(self._networks):
            return  # of a network that this worker will be told of in a moment
        outlet = self._outlet(ticket)
        if outlet.broken:
            self._let_go(ticket, Result.FAILED)
        elif self._begin(ticket):
            try:
                result = self._write(ticket, outlet)
            except Exception as error:
                outlet.broken = True
                self._fail(ticket, Result.FAILED, error, fatal=True)
            else:
                self._let_go(ticket, result)

    def _write(self, ticket: Ticket, outlet: _Outlet) -> Result:
        """The frame is safe, and the place where a successor would go on committed, before it is let go."""
        if ticket.seq <= outlet.safe_seq:
            return Result.WRITTEN
        wrote = outlet.sink.write(ticket.extraction())
        stream = ticket.stream
        stream.ledger.commit(stream.column(self.stage), ticket.seq, outlet.sink.settle())
        return Result.WRITTEN if wrote else Result.SKIPPED

    def _begin_close(self, stream: Hosted, outlet: _Outlet) -> None:
        """One that waits for somebody at its end does so aside: other streams go on."""
        if self._kind in _WAIT_AT_THE_END:
            threading.Thread(target=self._close, args=(stream, outlet), daemon=True).start()
        else:
            self._close(stream, outlet)

    def _close(self, stream: Hosted, outlet: _Outlet) -> None:
        error = None
        try:
            outlet.sink.close()
        except Exception as raised:
            error = None if outlet.broken else told(raised)
        self._closed(Closed(stream.number, self.stage, error))
