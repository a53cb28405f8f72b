"""One kind of sink for all its streams: frames in order, let go when what the sink made of them is safe."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamseg.broadcast.tap import Tap
from streamseg.config import Config, ModelConfig
from streamseg.errors import told
from streamseg.provenance import model_sha256
from streamseg.runtime.exhausted import end_if_out_of_memory
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.messages import Closed
from streamseg.runtime.stations import Host, InTurn
from streamseg.runtime.visits import Result
from streamseg.sinks import build_sink
from streamseg.sinks.aside import Aside
from streamseg.sinks.disk import is_full
from streamseg.stages import Leaving, Sink

_NAME_THE_NETWORK = ("cutouts", "clips")
_WAIT_AT_THE_END = ("publish", "mqtt", "webhook")
_TRY_AGAIN_S = 2.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Outlet:
    """A stream's sink. network: which its records name. safe_seq: the last frame that was safe when it was opened.

    broken: every further frame fails.
    """

    sink: Sink
    network: int
    safe_seq: int = -1
    broken: bool = False


@dataclass(frozen=True, slots=True)
class _NoRoom:
    """What the disk said when a stream's sink last tried to write, and when that was."""

    error: str
    at_s: float

    @property
    def waits(self) -> bool:
        """Whether it is too soon to try again."""
        return time.monotonic() - self.at_s < _TRY_AGAIN_S


class SinkStation(InTurn):
    """Writes extractions; an error of a sink is fatal for its stream.

    But for a full disk where the stream is live: frames are skipped, counted, and now and then the sink is opened anew
    where it was, as by a successor, until there is room.

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
        self._no_room: dict[int, _NoRoom] = {}

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
            if not self._can_wait(stream, error):
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
        """Where a frame goes; opened anew where another network than before looked at it, or there may be room now."""
        stream = ticket.stream
        outlet, no_room = self._outlets[stream.number], self._no_room.get(stream.number)
        named = self._kind in _NAME_THE_NETWORK and ticket.was_looked_at
        network = ticket.network if named else outlet.network
        if network != outlet.network or (no_room is not None and not no_room.waits):
            self._reopen(stream, network)
        return self._outlets[stream.number]

    def _reopen(self, stream: Hosted, network: int) -> None:
        """Go on in a new sink where the last one has settled, as a successor would."""
        ended = stream.number in self._ended
        self.forget(stream.number)
        self._open(stream, network)
        if ended:
            self.end(stream.number)

    def forget(self, number: int) -> None:
        super().forget(number)
        outlet = self._outlets.pop(number, None)
        if outlet is not None and isinstance(outlet.sink, Leaving):
            outlet.sink.leave()

    def step(self) -> bool:
        if super().step():
            return True
        for stream in self.streams.values():
            if stream.number in self._ended and not any(stream.waiting(stream.column(self.stage))):
                if self._no_room.pop(stream.number, None) is not None:
                    self._reopen(stream, self._outlets[stream.number].network)  # there may be room by now
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
                if self._can_wait(ticket.stream, error):
                    self._let_go(ticket, Result.SKIPPED)
                else:
                    outlet.broken = True
                    self._fail(ticket, Result.FAILED, error, fatal=True)
            else:
                self._let_go(ticket, result)

    def _write(self, ticket: Ticket, outlet: _Outlet) -> Result:
        """The frame is safe, and the place where a successor would go on committed, before it is let go."""
        stream = ticket.stream
        no_room = self._no_room.get(stream.number)
        if ticket.seq <= outlet.safe_seq:
            return Result.WRITTEN
        if no_room is not None and no_room.waits:
            return Result.SKIPPED
        wrote = outlet.sink.write(ticket.extraction())
        stream.ledger.commit(stream.column(self.stage), ticket.seq, outlet.sink.settle())
        if no_room is not None:
            del self._no_room[stream.number]
            log.warning("stream=%s %s goes on: there is room again", stream.name, self.stage)
        return Result.WRITTEN if wrote else Result.SKIPPED

    def _can_wait(self, stream: Hosted, error: Exception) -> bool:
        """Whether an error of a sink is to be got over: a camera's pictures come on while the disk is full."""
        end_if_out_of_memory(error)
        if not (stream.live and is_full(error)):
            return False
        if stream.number not in self._no_room:
            log.warning("stream=%s %s skips frames until there is room: %s", stream.name, self.stage, told(error))
        self._no_room[stream.number] = _NoRoom(told(error), time.monotonic())
        return True

    def _begin_close(self, stream: Hosted, outlet: _Outlet) -> None:
        """One that waits for somebody at its end does so aside: other streams go on."""
        if self._kind in _WAIT_AT_THE_END:
            threading.Thread(target=self._close, args=(stream, outlet), daemon=True).start()
        else:
            self._close(stream, outlet)

    def _close(self, stream: Hosted, outlet: _Outlet) -> None:
        no_room, error = self._no_room.pop(stream.number, None), None
        try:
            if no_room is None:
                outlet.sink.close()
            else:
                error = no_room.error
        except Exception as raised:
            end_if_out_of_memory(raised)
            error = None if outlet.broken else told(raised)
        self._closed(Closed(stream.number, self.stage, error))
