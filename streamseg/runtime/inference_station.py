"""Inference in a worker: views to instances, in batches across streams. Another network may take over meanwhile."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from streamseg.config_runtime import RuntimeConfig
from streamseg.errors import told
from streamseg.geometry import Letterbox
from streamseg.inference.strides import MOTION_STRIDE
from streamseg.records import Sample
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.messages import Prepared
from streamseg.runtime.stations import Host, Station
from streamseg.runtime.store import Area
from streamseg.runtime.visits import Result
from streamseg.shedding import Shed
from streamseg.stages import Network

GPU_BATCH = 8
_FIRST_CALLS = 2


def warm_up(network: Network, batch: int = 1) -> None:
    """Have a network look at nothing, up to so much of it: first calls take ten times as long as later ones."""
    height, width = network.view_hw
    motion = np.zeros((height // MOTION_STRIDE, width // MOTION_STRIDE), np.uint8) if network.takes_motion else None
    fit = Letterbox.fit((0, 0, width, height), network.view_hw)
    nothing = Sample(np.zeros((height, width, 3), np.uint8), fit, motion)
    for size in (min(1 << power, batch) for power in range((batch - 1).bit_length() + 1)):
        for _ in range(_FIRST_CALLS):
            network([nothing] * size)


class InferenceStation(Station):
    """Views to instances, in batches across streams.

    Of a live stream the newest frame is taken, and older ones end as stale; under a latency contract they go on without
    having been looked at, and so do others when the contract asks for it, until it asks for dropping frames. A frame
    that was in the hands of a worker that died is tried again alone, so that it cannot spoil a batch twice.

    Args:
        host: the worker.
        network: the network.
        runtime: batch, batch_wait_ms and max_latency_ms matter here; on a CPU a batch gains nothing.
        device: where networks to come are to run.
        on_gpu: whether they run on a GPU, which device: auto leaves open.
        number: of the network, which frames that it looked at have as their note.
    """

    stage = "inference"

    def __init__(
        self,
        host: Host,
        network: Network,
        runtime: RuntimeConfig,
        *,
        device: str = "cpu",
        on_gpu: bool = False,
        number: int = 0,
    ):
        super().__init__(host)
        self._network = network
        self._batch = runtime.batch or (GPU_BATCH if on_gpu else 1)
        self._wait_s = runtime.batch_wait_ms / 1e3
        self._has_contract = runtime.max_latency_ms is not None
        self._number = number
        self._device = device
        self._prepared: Network | None = None
        self._since_s: float | None = None

    def warm_up(self) -> None:
        """Have the network look at nothing, so that no frame waits for its slow first calls."""
        warm_up(self._network, self._batch)

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

    def prepare(self, load: Callable[[str], Network]) -> None:
        """Load another network, beside the work; whether it can be used is reported."""
        threading.Thread(target=self._prepare, args=(load,), name="prepare", daemon=True).start()

    def commit(self, number: int) -> None:
        """Use what was prepared from the next frame on."""
        if self._prepared is not None:
            self._network, self._number, self._prepared = self._prepared, number, None

    def cancel(self) -> None:
        """Drop what was prepared."""
        self._prepared = None

    def _prepare(self, load: Callable[[str], Network]) -> None:
        try:
            network = load(self._device)
            warm_up(network, self._batch)
        except Exception as error:
            self.host.report(Prepared(told(error)))
            return
        self._prepared = network
        told_of = network.view_hw, network.labels, network.takes_motion, network.describe()
        self.host.report(Prepared(None, *told_of))

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
            ready = self._to_look_at(stream)
            if stream.live:
                ready = self._newest(ready)
            for ticket in ready:
                suspected = ticket.table.given[stream.column(self.stage), ticket.slot] == ticket.generation
                if first or not suspected:
                    yield ticket
                if suspected:
                    return
                first = False

    def _to_look_at(self, stream: Hosted) -> list[Ticket]:
        """Frames that preprocess chose, all others let go."""
        chosen = []
        for ticket in self._ready(stream):
            if ticket.look:
                chosen.append(ticket)
            else:
                self._let_go(ticket, Result.BETWEEN)
        return chosen

    def _newest(self, ready: list[Ticket]) -> list[Ticket]:
        """The newest of a live stream's frames, if it is to be looked at; all others are let go."""
        if not ready:
            return ready
        level = ready[-1].table.shed
        passed = Result.NOT_RUN if self._has_contract and level < Shed.FRAMES else Result.STALE
        for older in ready[:-1]:
            self._let_go(older, passed)
        if (ready[-1].look - 1) % level.detects_every:
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
                self._let_go(ticket, Result.WRITTEN, note=self._number)
