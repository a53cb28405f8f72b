"""Moving cameras for identity.py: any sequence through a window that pans, turns, zooms and shakes over its picture.

The window's way depends on media time alone, so that truth can be moved along with it. What it cannot show is
parallax: for a real camera that walks there are the DAVIS clips.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import cos, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.records import Frame, Place, Planes, StreamInfo
from streamseg.stages import Source

F64 = npt.NDArray[np.float64]

SHARE = 0.6
"""The window's width and height as a share of the picture's."""
_PAN, _TILT, _SHAKE, _TURN, _ZOOM = 0.17, 0.1, 0.006, 0.01, 0.05
"""How far it goes: shares of the picture's sides, radians, share of its own size."""
_LEAST_SHOWN, _LEAST_KNOWN = 0.3, 0.02
"""What shows less of itself need not be found; what shows hardly anything is not there."""


@dataclass(frozen=True, slots=True)
class Window:
    """Over pictures of size_hw (px)."""

    size_hw: tuple[int, int]

    @property
    def shape_hw(self) -> tuple[int, int]:
        """Its own height and width, even."""
        return int(SHARE * self.size_hw[0]) // 2 * 2, int(SHARE * self.size_hw[1]) // 2 * 2

    def place(self, time_s: float) -> F64:
        """[2, 3]: pixels of the window to those of the picture (outer corner of the first at 0, 0)."""
        height, width = self.size_hw
        shake_x = sum(sin(2 * pi * rate * time_s) / rate for rate in (1.3, 2.9, 4.7))
        shake_y = sum(sin(2 * pi * rate * time_s + 1) / rate for rate in (1.7, 3.1, 4.3))
        x = width * (0.5 + _PAN * sin(2 * pi * time_s / 7) + _SHAKE * shake_x)
        y = height * (0.5 + _TILT * sin(2 * pi * time_s / 5 + 1) + _SHAKE * shake_y)
        zoom, turn = 1 + _ZOOM * sin(2 * pi * time_s / 9), _TURN * sin(2 * pi * time_s / 3.1)
        linear = zoom * np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
        middle = np.array(self.shape_hw[::-1]) / 2
        return np.hstack([linear, (np.array([x, y]) - linear @ middle)[:, None]])

    def show(self, frame: Frame) -> Frame:
        """What it shows of a frame."""
        place = self.place(frame.pts_ns / 1e9)
        height, width = self.shape_hw
        y = _warp(frame.planes.y, place, (height, width))
        half = np.hstack([place[:, :2], place[:, 2:] / 2])
        u, v = (_warp(plane, half, (height // 2, width // 2)) for plane in (frame.planes.u, frame.planes.v))
        return replace(frame, planes=Planes(y, u, v), stored=None)

    def boxes(self, boxes: F64, times_s: F64) -> tuple[F64, F64]:
        """Where boxes [N, 4] of the picture at times [N] lie in the window, and what share of each shows [N]."""
        out = np.zeros_like(boxes)
        for time_s in np.unique(times_s):
            here, place = times_s == time_s, self.place(time_s)
            inverse = np.linalg.inv(place[:, :2])
            x, y = (boxes[here][:, [i, i + 2]] for i in (0, 1))
            corners = np.stack([x[:, [0, 1, 0, 1]], y[:, [0, 0, 1, 1]]], 2)
            corners = (corners - place[:, 2]) @ inverse.T
            out[here] = np.hstack([corners.min(1), corners.max(1)])
        clipped = np.clip(out, 0, [*self.shape_hw[::-1]] * 2)
        areas = [np.prod(part[:, 2:] - part[:, :2], axis=1) for part in (clipped, out)]
        return clipped, areas[0] / np.maximum(areas[1], 1e-9)

    def keep(self, shown: F64) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """By what share of them shows: who is there, and who must be found (bool [N] each)."""
        return shown >= _LEAST_KNOWN, shown >= _LEAST_SHOWN


def _warp(plane: npt.NDArray[np.uint8], place: F64, shape_hw: tuple[int, int]) -> npt.NDArray[np.uint8]:
    # pixel centres count from 0 here
    matrix = np.hstack([place[:, :2], place[:, 2:] + place[:, :2].sum(axis=1, keepdims=True) / 2 - 0.5])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(plane, matrix, shape_hw[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


class Windowed:
    """A source, seen through a window."""

    def __init__(self, source: Source):
        self._source, self._window = source, Window((2, 2))

    def open(self, after: Place | None = None) -> StreamInfo:
        """Open the source; the frames are of the window's size."""
        info = self._source.open(after)
        self._window = Window(info.size_hw)
        return replace(info, size_hw=self._window.shape_hw)

    def __iter__(self) -> Iterator[Frame]:
        return map(self._window.show, self._source)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
