"""Preprocess in a worker: planes to views, every frame in order; what it learnt is committed before a frame goes."""

import msgspec

from streamseg.config import ModelConfig
from streamseg.preprocess import Preprocessor
from streamseg.preprocess.background import BackgroundState
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.stations import Host, InTurn
from streamseg.runtime.store import Area


class PreprocessStation(InTurn):
    """Planes to views; model: motion and enlarge matter here."""

    stage = "preprocess"
    in_order = True

    def __init__(self, host: Host, model: ModelConfig):
        super().__init__(host)
        self._model = model
        self._preprocessors: dict[int, Preprocessor] = {}
        self._done: dict[int, int] = {}
        """By stream: the last frame that a predecessor finished."""

    def open(self, stream: Hosted) -> None:
        super().open(stream)
        committed = stream.ledger.committed(stream.column(self.stage))
        state = msgspec.msgpack.decode(committed.state, type=BackgroundState) if committed else None
        self._done[stream.number] = committed.seq if committed else -1
        self._preprocessors[stream.number] = Preprocessor.resumed(
            stream.config, self._model, stream.view_hw, motion=stream.motion, state=state
        )

    def forget(self, number: int) -> None:
        super().forget(number)
        self._preprocessors.pop(number, None)
        self._done.pop(number, None)

    def _handle(self, ticket: Ticket) -> None:
        self._do(ticket, self._view)

    def _view(self, ticket: Ticket) -> int:
        stream = ticket.stream
        if ticket.seq <= self._done[stream.number]:
            return 0  # a predecessor died before it let the frame go
        preprocessor = self._preprocessors[stream.number]
        ticket.put(Area.SAMPLE, preprocessor(ticket.frame()))
        state = preprocessor.state
        if state is not None:
            stream.ledger.commit(stream.column(self.stage), ticket.seq, msgspec.msgpack.encode(state))
        return 0
