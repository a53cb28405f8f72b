"""A source around another one: whatever is asked of it is the other's, but for the frames."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from streamseg.capture.status import SourceStatus, status_of
from streamseg.records import Frame, Place, StreamInfo
from streamseg.shedding import Shed
from streamseg.stages import Source


class Wrapped(ABC):
    """Hands everything on; subclasses say what becomes of the frames."""

    def __init__(self, source: Source) -> None:
        self.dropped = source.dropped
        self._source = source

    @property
    def status(self) -> SourceStatus:
        """What the source is doing."""
        return status_of(self._source)

    @property
    def exact(self) -> bool:
        """What the source says of the frame handed out last (see FileSource and LiveSource)."""
        return self._source.exact

    def shed(self, level: Shed) -> None:
        """Leave out so much of the decoding, where the source can."""
        if hasattr(self._source, "shed"):
            self._source.shed(level)

    def open(self, after: Place | None = None) -> StreamInfo:
        return self._source.open(after)

    def close(self) -> None:
        self._source.close()

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]: ...
