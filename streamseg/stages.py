"""The contracts of the five stages: what each is given, what it yields. Plain objects; none knows of processes."""

from collections.abc import Iterator
from typing import Protocol

from streamseg.records import Extraction, Frame, Instances, Sample, StreamInfo


class Source(Protocol):
    """Capture. open() probes and returns what is known; iterating yields frames in order; close() may come any time.

    dropped counts frames that were lost before they became a Frame, by cause.
    """

    dropped: dict[str, int]

    def open(self) -> StreamInfo: ...
    def __iter__(self) -> Iterator[Frame]: ...
    def close(self) -> None: ...


class Preprocess(Protocol):
    """Planes to the network's view."""

    def __call__(self, frame: Frame) -> Sample: ...


class Network(Protocol):
    """Inference. labels are the class names that Instances.labels index; describe() tells network, runner and view."""

    labels: tuple[str, ...]
    view_hw: tuple[int, int]

    def __call__(self, samples: list[Sample]) -> list[Instances]: ...
    def describe(self) -> str: ...


class Tracker(Protocol):
    """Tracking and crop: instances (None: the network was not run on this frame) to objects with identity."""

    def update(self, frame: Frame, instances: Instances | None) -> Extraction: ...


class Sink(Protocol):
    """Results out. open() gives the last seq already durable, or -1; write() says whether it wrote or skipped."""

    name: str

    def open(self, info: StreamInfo) -> int: ...
    def write(self, extraction: Extraction) -> bool: ...
    def close(self) -> None: ...
