"""How the picture moved since an earlier frame: dense optical flow between two small pictures.

Kroeger, Timofte, Dai, Van Gool, "Fast Optical Flow using Dense Inverse Search", ECCV 2016, as OpenCV has it
(DISOpticalFlow): patches of 8 x 8 pixels on half of the small picture's resolution, nothing refined. The result does
not depend on threads.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import F32, U8

CELL = 4
"""Pixels along each side of a cell of the small picture: the flow is not known more finely."""
_FINEST = 1
"""How often the picture is halved for the finest search. Two times, as the preset has it, takes a third of the time and
loses what is small and fast."""
_LEAST_SIDES = 40, 96
"""Where the shorter or the longer side is smaller, DISOpticalFlow finds no scales to search on."""


def flow_back(then: U8, now: U8) -> F32 | None:
    """From each pixel of now to where it was then (uint8 [h, w] both): float32 [h, w, 2] x, y, in pixels.

    None where the pictures differ in size, or are too small to tell.
    """
    if then.shape != now.shape or min(now.shape) < _LEAST_SIDES[0] or max(now.shape) < _LEAST_SIDES[1]:
        return None
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setFinestScale(_FINEST)
    return np.asarray(search.calc(now, then, np.empty(0)), np.float32)


def difference(then: U8, now: U8, flow: F32 | None = None) -> U8:
    """By how many grey levels the cells of two pictures differ in the mean, then moved along with the flow first."""
    if flow is not None:
        height, width = then.shape
        x = flow[..., 0] + np.arange(width, dtype=np.float32)
        y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
        then = np.asarray(cv2.remap(then, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    return cells(cv2.absdiff(then, now))


def cells(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The means [h / 4, w / 4, ...] of what pixels [h, w, ...] have."""
    size = max(1, values.shape[1] // CELL), max(1, values.shape[0] // CELL)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))
