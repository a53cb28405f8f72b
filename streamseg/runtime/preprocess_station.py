"""Preprocess in a worker: planes to views, every frame in order; what it learnt is committed before a frame goes."""

from streamseg.config import ModelConfig
from streamseg.preprocess import Preprocessor, PreprocessState
from streamseg.runtime.hosted import Hosted, Ticket
from streamseg.runtime.stations import Host, Remembering
from streamseg.runtime.store import Area


class PreprocessStation(Remembering):
    """Planes to views; model: motion, enlarge and detect_every matter here.

    The note of a frame is its number among those that the network is to look at, from 1; 0: it is none of them.
    """

    stage = "preprocess"

    def __init__(self, host: Host, model: ModelConfig):
        super().__init__(host)
        self._model = model
        self._preprocessors: dict[int, Preprocessor] = {}

    def open(self, stream: Hosted) -> None:
        super().open(stream)
        state = self._recall(stream, PreprocessState)
        self._preprocessors[stream.number] = Preprocessor.of(
            stream.config, self._model, stream.view_hw, motion=stream.motion, state=state
        )

    def forget(self, number: int) -> None:
        super().forget(number)
        self._preprocessors.pop(number, None)

    def _handle(self, ticket: Ticket) -> None:
        self._do(ticket, self._view)

    def _view(self, ticket: Ticket) -> int:
        if self._is_done(ticket):
            return ticket.look
        preprocessor = self._preprocessors[ticket.stream.number]
        sample = preprocessor(ticket.frame())
        ticket.put(Area.SAMPLE, sample)
        ticket.table.note[ticket.stream.column(self.stage), ticket.slot] = sample.look
        if sample.has_view and (state := preprocessor.state) is not None:
            self._commit(ticket, state)
        return sample.look
