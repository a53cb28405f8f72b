"""A recorded video in, those of its frames out that a recording of objects knows, under the numbers they have there."""

from collections.abc import Iterator
from dataclasses import replace

from streamseg.capture.wrapped import Wrapped
from streamseg.errors import DataError
from streamseg.recorded import RecordedObjects
from streamseg.records import Frame, Place, StreamInfo
from streamseg.stages import Source

_TOLERANCE_NS = 2_000_000
"""Containers round time stamps, to a millisecond at the coarsest."""


class Matched(Wrapped):
    """Frames and records that have the same media time belong together.

    A frame without a record was dropped when the records were made; it is left out, and counted as "not recorded".

    Args:
        source: recorded.
        recorded: what is known of its frames.
        cut_short: whether the source may end before the records do.
    """

    def __init__(self, source: Source, recorded: RecordedObjects, *, cut_short: bool = False) -> None:
        super().__init__(source)
        self._recorded, self._cut_short = recorded, cut_short

    def open(self, after: Place | None = None) -> StreamInfo:
        """DataError if the frames are smaller than the recorded masks need."""
        info = super().open(after)
        (height, width), needed = info.size_hw, self._recorded.needs_hw
        if height < needed[0] or width < needed[1]:
            raise DataError(
                f"{self._recorded.path} does not belong to {info.source}: its masks need frames of "
                f"{needed[1]} x {needed[0]} pixels or more, these have {width} x {height}"
            )
        return replace(info, frames=len(self._recorded))

    def __iter__(self) -> Iterator[Frame]:
        """DataError where a record has no frame."""
        recorded, index, last_ns = self._recorded, 0, 0
        for frame in self._source:
            late_ns = frame.pts_ns - int(recorded.pts_ns[index])
            if late_ns > _TOLERANCE_NS:
                raise self._missing(
                    index, f"the frames around it are at {last_ns / 1e9:.3f} and {frame.pts_ns / 1e9:.3f} s"
                )
            last_ns = frame.pts_ns
            if late_ns < -_TOLERANCE_NS:
                self.dropped["not recorded"] = self.dropped.get("not recorded", 0) + 1
                continue
            yield replace(frame, seq=int(recorded.seqs[index]))
            index += 1
            if index == len(recorded):
                return
        if not self._cut_short:
            raise self._missing(index, f"the video ends with a frame at {last_ns / 1e9:.3f} s")

    def _missing(self, index: int, instead: str) -> DataError:
        recorded = self._recorded
        seq, pts_s = int(recorded.seqs[index]), int(recorded.pts_ns[index]) / 1e9
        return DataError(
            f"{recorded.where(index)}: no frame of the video belongs to seq {seq} at {pts_s:.3f} s; {instead}"
        )
