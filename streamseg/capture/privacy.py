"""A source in, its frames out without what lies in privacy zones: nothing behind this ever has those pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.wrapped import Wrapped
from streamseg.config import ZoneConfig
from streamseg.pixels import rgb_value_to_yuv
from streamseg.records import Frame, Planes
from streamseg.stages import Source
from streamseg.zones import covered, of_kind

Mask = npt.NDArray[np.bool_]

_NOTE = "privacy zones blacked out"


class Veiled(Wrapped):
    """Blackens privacy zones, whole chroma samples at a time: an edge reaches up to a pixel further, never less far.

    Args:
        source: where frames come from.
        zones: of the stream; those of other kinds do not matter here.
    """

    def __init__(self, source: Source, zones: Sequence[ZoneConfig]) -> None:
        super().__init__(source)
        self._veil: _Veil | None = None
        self.change(zones)

    def change(self, zones: Sequence[ZoneConfig]) -> None:
        """From the next frame on these are the stream's zones; from any thread."""
        private = [zone for zone in zones if zone.kind == "privacy"]
        self._veil = _Veil(private) if private else None

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            veil = self._veil
            if veil is None:
                yield frame
            else:
                yield replace(frame, planes=veil.over(frame), notes=(*frame.notes, _NOTE))


class _Veil:
    """Privacy zones, and what they cover of frames of each size."""

    def __init__(self, zones: Sequence[ZoneConfig]) -> None:
        self._zones = zones
        self._hidden: dict[tuple[int, int], tuple[Mask, Mask]] = {}

    def over(self, frame: Frame) -> Planes:
        """Copies: the decoder may still need what it lent."""
        luma, chroma = self._masks(frame.size_hw)
        planes = frame.planes.y.copy(), frame.planes.u.copy(), frame.planes.v.copy()
        black = rgb_value_to_yuv((0, 0, 0), frame.color)
        for plane, value, hidden in zip(planes, black, (luma, chroma, chroma), strict=True):
            plane[hidden] = value
        return Planes(*planes)

    def _masks(self, size_hw: tuple[int, int]) -> tuple[Mask, Mask]:
        if size_hw not in self._hidden:
            mask = covered(of_kind(self._zones, "privacy", size_hw), size_hw)
            even = np.pad(mask, ((0, size_hw[0] % 2), (0, size_hw[1] % 2)))
            chroma = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).max((1, 3))
            luma = cv2.resize(chroma, even.shape[::-1], interpolation=cv2.INTER_NEAREST)[: size_hw[0], : size_hw[1]]
            self._hidden = {size_hw: (luma.astype(bool), chroma.astype(bool))}
        return self._hidden[size_hw]
