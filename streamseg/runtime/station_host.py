"""The host of stations: a worker process that does what is ready, and waits for bells."""

import contextlib
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq

from streamseg.config import Config, ModelConfig, StreamConfig
from streamseg.errors import StreamsegError
from streamseg.runtime import control
from streamseg.runtime.bells import Bell
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.ledger import Ledger
from streamseg.runtime.line import Line
from streamseg.runtime.links import BellBox, Ringer
from streamseg.runtime.messages import (
    Begin,
    Cancel,
    Change,
    Closed,
    Commit,
    End,
    Failed,
    Forget,
    Hold,
    Map,
    Open,
    Order,
    Pause,
    Prepare,
    Prepared,
    Ready,
    Refused,
    Route,
    Stop,
    decode_info,
)
from streamseg.runtime.stations import Station
from streamseg.runtime.store import Segment

if TYPE_CHECKING:
    from streamseg.runtime.capture_station import CaptureStation
    from streamseg.runtime.inference_station import InferenceStation

_SCAN_EVERY_MS = 250
"""How often the tables are looked at without a bell: what a lost bell costs."""
_IMPATIENT_MS = 1
_BELLS_MAX = 4096


def host(line: Line, begin: Begin) -> None:
    """Serve until the line ends; exit status 2 if it cannot begin."""
    try:
        stations = StationHost(line, begin)
    except StreamsegError as error:
        line.report(Refused(type(error).__name__, str(error)))
        raise SystemExit(2) from None
    stations.run()


class StationHost:
    """Does one frame of each station in turn as long as any has work, then waits for a bell or an order.

    Args:
        line: to the supervisor.
        begin: the first order.

    Raises:
        StreamsegError: a station cannot be made.
    """

    def __init__(self, line: Line, begin: Begin):
        self.name = begin.worker
        self._line = line
        self._config = Config.model_validate_json(begin.config)
        line.folder = Path(begin.bells.removeprefix("ipc://")).parent
        self._box = BellBox(begin.bells, hwm=_BELLS_MAX)
        self._ringer = Ringer(hwm=_BELLS_MAX)
        self._streams: dict[int, Hosted] = {}
        self._fresh: deque[tuple[Hosted, int, int]] = deque()
        self._capture: CaptureStation | None = None
        self._inference: InferenceStation | None = None
        self._networks = [ModelConfig.model_validate_json(model) for model in begin.networks]
        self._stations: list[Station] = []
        self._ready = Ready(self._box.endpoint)
        for stage in begin.stages:
            self._host(stage, begin)
        self._obey: dict[type[Order], Callable[[Any, tuple[int, ...]], None]] = {
            Open: self._open,
            Map: self._map,
            Route: self._route,
            Pause: self._pause,
            Hold: self._hold,
            Change: self._change,
            Prepare: self._prepare,
            Commit: self._commit,
            Cancel: self._cancel,
            Stop: self._stop,
            End: self._end,
            Forget: self._forget,
        }
        line.report(self._ready)

    def _host(self, stage: str, begin: Begin) -> None:
        """Make a stage's station. Each imports what it needs itself: a successor must be at work in a second or two."""
        config, line = self._config, self._line
        match stage:
            case "capture":
                from streamseg.runtime.capture_station import CaptureStation

                self._capture = CaptureStation(config.capture, report=line.report, published=self._has_published)
            case "preprocess":
                from streamseg.runtime.preprocess_station import PreprocessStation

                self._stations.append(PreprocessStation(self, config.model))
            case "inference":
                from streamseg.inference import load_network
                from streamseg.inference.runners import device_of
                from streamseg.runtime.inference_station import InferenceStation

                model = config.model.model_copy(update={"device": begin.device})
                network = load_network(model)
                told = network.view_hw, network.labels, network.takes_motion, network.describe()
                self._ready = Ready(self._box.endpoint, *told)
                number, device, on_gpu = len(begin.networks) - 1, begin.device, device_of(model).startswith("cuda")
                self._inference = InferenceStation(
                    self, network, config.runtime, device=device, on_gpu=on_gpu, number=number
                )
                with contextlib.suppress(Exception):  # it will fail on its frames, which are counted
                    self._inference.warm_up()
                self._stations.append(self._inference)
            case "tracking":
                from streamseg.runtime.tracking_station import TrackingStation

                self._stations.append(TrackingStation(self, config))
            case _:
                from streamseg.runtime.sink_station import SinkStation

                station = SinkStation(
                    self,
                    stage,
                    config,
                    version=begin.version,
                    closed=line.report,
                    networks=self._networks,
                    folder=line.folder,
                )
                self._stations.append(station)

    def run(self) -> None:
        """Work until the process is ended."""
        poller = zmq.Poller()
        poller.register(self._box.socket, zmq.POLLIN)
        poller.register(self._line.wake, zmq.POLLIN)
        while True:
            self._take_orders()
            self._ring_fresh()
            if not any([station.step() for station in self._stations]):
                impatient = any(station.impatient for station in self._stations)
                poller.poll(_IMPATIENT_MS if impatient else _SCAN_EVERY_MS)
                self._hear()

    def ring(self, ticket: Ticket, stage: str) -> None:
        """Tell the next stations that stage has let a frame go."""
        bell = Bell(ticket.stream.number, ticket.epoch, ticket.slot, ticket.generation)
        for neighbour in ticket.stream.neighbours[stage]:
            if neighbour != self.name:
                self._ringer.ring(neighbour, bell)

    def report(self, message: Failed | Closed | Prepared) -> None:
        """Tell the supervisor something; from any thread."""
        self._line.report(message)

    def _has_published(self, stream: Hosted, epoch: int, slot: int) -> None:
        self._fresh.append((stream, epoch, slot))
        self._line.nudge()

    def _ring_fresh(self) -> None:
        while self._fresh:
            stream, epoch, slot = self._fresh.popleft()
            segment = stream.segments.get(epoch)
            if segment is not None:
                table = segment.table
                ticket = Ticket(stream, epoch, segment, slot, int(table.generation[slot]), int(table.seq[slot]))
                self.ring(ticket, "capture")

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._line.wake)
        for number in {bell.stream for bell in self._box.wait(0)}:
            self._look(number)

    def _take_orders(self) -> None:
        while (received := self._line.next_order()) is not None:
            self._obey[type(received.message)](received.message, received.fds)
            control.close_all(received.fds)

    def _open(self, order: Open, fds: tuple[int, ...]) -> None:
        stream = Hosted(
            number=order.stream,
            name=order.name,
            config=StreamConfig.model_validate_json(order.config),
            live=order.live,
            stations=order.stations,
            neighbours=order.neighbours,
            ledger=Ledger(fds[0], len(order.stations) + 1),
            view_hw=order.view_hw,
            labels=order.labels,
            motion=order.motion,
            info=decode_info(order.info) if order.info else None,
            paused=order.paused,
            hosts=order.hosts,
            segments=self._segments_of(order),
        )
        self._streams[order.stream] = stream
        for station in self._stations:
            station.open(stream)
        if self._capture is not None and order.reads:
            self._capture.open(stream)

    def _map(self, order: Map, fds: tuple[int, ...]) -> None:
        if order.stream in self._streams:
            self._streams[order.stream].segments[order.epoch] = Segment(fds[0], order.layout)
            self._look(order.stream)

    def _route(self, order: Route, _: tuple[int, ...]) -> None:
        self._ringer.connect(order.worker, order.endpoint)

    def _pause(self, order: Pause, _: tuple[int, ...]) -> None:
        if self._capture is not None:
            self._capture.pause(order.stream, on=order.on)

    def _hold(self, order: Hold, _: tuple[int, ...]) -> None:
        if self._capture is not None:
            self._capture.hold(order.stream, on=order.on)

    def _change(self, order: Change, _: tuple[int, ...]) -> None:
        stream = self._streams.get(order.stream)
        if stream is None:
            return
        stream.config = StreamConfig.model_validate_json(order.config)
        for station in self._stations:
            station.change(stream)
        if self._capture is not None:
            self._capture.change(order.stream, stream.config)

    def _prepare(self, order: Prepare, _: tuple[int, ...]) -> None:
        from streamseg.inference import load_network

        model = ModelConfig.model_validate_json(order.model)
        if self._inference is not None:
            self._inference.prepare(lambda device: load_network(model.model_copy(update={"device": device})))

    def _commit(self, order: Commit, _: tuple[int, ...]) -> None:
        self._networks.append(ModelConfig.model_validate_json(order.model))
        if self._inference is not None:
            self._inference.commit(order.number)

    def _cancel(self, _: Cancel, __: tuple[int, ...]) -> None:
        if self._inference is not None:
            self._inference.cancel()

    def _stop(self, order: Stop, _: tuple[int, ...]) -> None:
        if self._capture is not None:
            self._capture.stop(order.stream)

    def _end(self, order: End, _: tuple[int, ...]) -> None:
        for station in self._stations:
            station.end(order.stream)

    def _forget(self, order: Forget, _: tuple[int, ...]) -> None:
        self._streams.pop(order.stream, None)
        for station in self._stations:
            station.forget(order.stream)
        if self._capture is not None:
            self._capture.forget(order.stream)

    def _look(self, number: int) -> None:
        """A slot may have become free for capture, or a segment be there."""
        if self._capture is not None:
            self._capture.look(number)

    def _segments_of(self, order: Open) -> dict[int, Segment]:
        """The epochs there are, which follow their stream's Open at once: a successor must know them from the start."""
        segments = {}
        for _ in range(order.epochs):
            received = self._line.wait_order()
            assert isinstance(received.message, Map), received.message
            segments[received.message.epoch] = Segment(received.fds[0], received.message.layout)
            control.close_all(received.fds)
        return segments
