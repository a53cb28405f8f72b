"""The contracts of the five stages: what each is given, what it yields. Plain objects; none knows of processes."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from streamseg.records import Extraction, Flow, Frame, Instances, Place, Sample, StreamInfo


class Source(Protocol):
    """Capture. open() probes and returns what is known; iterating yields frames in order; close() may come any time.

    after is the last frame that a predecessor handed out: a recorded source goes on with the next one, equal to what
    the predecessor would have made of it; a live one goes on with what comes, its seq and media time counted on.
    dropped counts frames that were lost before they became a Frame, by cause, since open(). exact: every pts so far
    came from the container, so that seeking finds the last frame's place again.
    """

    dropped: dict[str, int]

    @property
    def exact(self) -> bool: ...

    def open(self, after: Place | None = None) -> StreamInfo: ...
    def __iter__(self) -> Iterator[Frame]: ...
    def close(self) -> None: ...


class Preprocess(Protocol):
    """Planes to the network's view, frame after frame."""

    def __call__(self, frame: Frame) -> Sample: ...


class Network(Protocol):
    """Inference.

    labels are the class names that Instances.labels index; takes_motion: whether Samples should have a motion map;
    describe() tells network, runner and view.
    """

    labels: tuple[str, ...]
    view_hw: tuple[int, int]
    takes_motion: bool

    def __call__(self, samples: list[Sample]) -> list[Instances]: ...
    def describe(self) -> str: ...


class Tracker(Protocol):
    """Tracking and crop: instances to objects with identity.

    Without instances the network was not run on this frame; flow: how the picture moved since it was.
    """

    def update(self, frame: Frame, instances: Instances | None, flow: Flow | None = None) -> Extraction: ...


class Sink(Protocol):
    """Results out. write() says whether it wrote or skipped.

    settle() makes all that was written safe from the end of the process, keeps nothing of it that is the caller's, and
    tells the position at which a successor goes on: in the sink's own words, at most 16 MiB, and little, for it is
    copied with every frame. open() is given the position that a predecessor told last, and cuts off whatever of its
    results is newer; it gives the last seq that is safe, or -1 where it cannot tell or none is. The first frame written
    next may be one that the predecessor had written in part or as a whole.
    """

    name: str

    def open(self, info: StreamInfo, position: bytes = b"") -> int: ...
    def write(self, extraction: Extraction) -> bool: ...
    def settle(self) -> bytes: ...
    def close(self) -> None: ...


@runtime_checkable
class Leaving(Protocol):
    """A sink that works on in the background after settle(): leave() ends that, closing nothing.

    It is called in place of close() where a successor goes on in the same process: the two must not write at once.
    """

    def leave(self) -> None: ...
