"""The streams of a run by number and name: those that are, and how those went that were removed."""

import itertools
from collections.abc import Sequence

from streamseg.config import Config, StreamConfig
from streamseg.runtime.placement import Placement
from streamseg.runtime.stream_run import StreamRun
from streamseg.summary import StreamResult

_REMOVED_MOST = 1000


class Roster:
    """Numbers and names are never given twice.

    Args:
        config: the whole configuration.
        placement: which stations a frame passes.
        streams: the first ones, named.

    Attributes:
        runs: the streams, by their order of coming; the same list for ever.
        removed: how those went that were removed, by name: the newest thousand.
    """

    def __init__(self, config: Config, placement: Placement, streams: Sequence[StreamConfig]):
        self._config, self._placement = config, placement
        self._numbers = itertools.count()
        self._by_number: dict[int, StreamRun] = {}
        self._names: set[str] = set()
        self.runs: list[StreamRun] = []
        self.removed: dict[str, StreamResult] = {}
        for stream in streams:
            self.add(stream)

    def add(self, stream: StreamConfig) -> StreamRun:
        """A stream more."""
        run = StreamRun(stream, self._config, next(self._numbers), self._placement)
        self._by_number[run.number] = run
        self._names.add(run.name)
        self.runs.append(run)
        return run

    def get(self, number: int) -> StreamRun | None:
        """The stream of that number, if it is still there."""
        return self._by_number.get(number)

    def had(self, name: str) -> bool:
        """Whether there is, or ever was, a stream of that name."""
        return name in self._names

    def forget_removed(self) -> None:
        """Keep of removed streams that are over only how they went."""
        for run in [run for run in self.runs if run.removed and run.phase == "over"]:
            self.runs.remove(run)
            del self._by_number[run.number]
            self.removed[run.name] = run.result()
        while len(self.removed) > _REMOVED_MOST:
            del self.removed[next(iter(self.removed))]

    def results(self) -> dict[str, StreamResult]:
        """How all went, by name."""
        return {**self.removed, **{run.name: run.result() for run in self.runs}}
