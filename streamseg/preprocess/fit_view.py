"""Frame -> Sample: the region of interest, scaled and letterboxed into the network's view, straight from the planes."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.config import ZoneConfig
from streamseg.errors import ConfigError
from streamseg.geometry import U8, Letterbox
from streamseg.pixels import yuv_to_rgb
from streamseg.records import Frame, Planes, Sample
from streamseg.zones import covered, of_kind

_NOTHING = np.zeros((0, 0, 3), np.uint8)
GREY = 114
"""Value of the view outside the picture, in all three channels; the network is trained with it."""


class FitView:
    """Makes the view from the slot's planes, the same way in every mode.

    The view stays uint8 RGB: normalisation is the network's first operation and travels with its weights.
    """

    def __init__(
        self,
        view_hw: tuple[int, int],
        region: tuple[int, int, int, int] | None = None,
        enlarge: float = math.inf,
        zones: Sequence[ZoneConfig] = (),
    ):
        """region: x, y, w, h in frame pixels; None is the whole frame, which grows by enlarge at most.

        Pictures grown far beyond their own detail show objects larger and softer than any that a network learns from.
        zones: what lies in one to exclude, or out of all to include, is as grey as what lies outside the picture.
        """
        self.view_hw = view_hw
        self.region = region
        self._most_scale = enlarge if region is None else math.inf
        self._zones = [zone for zone in zones if zone.kind in ("include", "exclude")]
        self._hidden: tuple[Letterbox, npt.NDArray[np.bool_]] | None = None

    def __call__(self, frame: Frame) -> Sample:
        """uint8 [h, w, 3] view of the frame; ConfigError if the region lies outside it."""
        fit = self.fit(frame)
        content = _scaled_yuv(_cut(frame.planes, self._crop(frame.size_hw)), fit.content_hw)
        view = np.full((*self.view_hw, 3), GREY, np.uint8)
        left, top = int(fit.pad_xy[0]), int(fit.pad_xy[1])
        view[top : top + fit.content_hw[0], left : left + fit.content_hw[1]] = yuv_to_rgb(content, frame.color)
        if self._zones:
            view[self._unseen(fit, frame.size_hw)] = GREY
        return Sample(view, fit)

    def glance(self, frame: Frame) -> U8:
        """The luma of what the view shows of the frame, at half its resolution: uint8 [h, w]."""
        fit = self.fit(frame)
        (height, width), (left, top) = fit.content_hw, map(int, fit.pad_xy)
        x0, y0, x1, y1 = self.place(frame)
        seen = _resize(frame.planes.y[y0:y1, x0:x1], (-(-height // 2), -(-width // 2)))
        if self._zones:
            seen[self._unseen(fit, frame.size_hw)[top : top + height : 2, left : left + width : 2]] = GREY
        return np.asarray(seen)

    def place(self, frame: Frame) -> tuple[int, int, int, int]:
        """What the view shows of the frame: x0, y0, x1, y1 in frame pixels; ConfigError if the region lies outside."""
        return self._crop(frame.size_hw)

    def without_view(self, frame: Frame) -> Sample:
        """A sample of a frame that no network looks at: nothing but the way into the view."""
        return Sample(_NOTHING, self.fit(frame), look=0)

    def fit(self, frame: Frame) -> Letterbox:
        """How the frame lies in its view; ConfigError if the region lies outside it."""
        region, aspect = self._crop(frame.size_hw), float(frame.aspect)
        return Letterbox.fit(region, self.view_hw, aspect, most_scale=self._most_scale)

    def _unseen(self, fit: Letterbox, size_hw: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """bool [h, w] of the view: what zones hide of it."""
        if self._hidden is None or self._hidden[0] != fit:
            include, exclude = (
                [fit.apply(p) for p in of_kind(self._zones, k, size_hw)] for k in ("include", "exclude")
            )
            hidden = covered(exclude, self.view_hw)
            if include:
                hidden |= 1 - covered(include, self.view_hw)
            self._hidden = fit, hidden.astype(bool)
        return self._hidden[1]

    def _crop(self, size_hw: tuple[int, int]) -> tuple[int, int, int, int]:
        height, width = size_hw
        if self.region is None:
            return 0, 0, width, height
        x, y, w, h = self.region
        x0, y0, x1, y1 = max(0, x) & ~1, max(0, y) & ~1, min(width, x + w), min(height, y + h)
        if x1 - x0 < 2 or y1 - y0 < 2:
            raise ConfigError(f"region {[x, y, w, h]}: outside the frame of {width} x {height} pixels")
        return x0, y0, x1, y1


def _cut(planes: Planes, crop: tuple[int, int, int, int]) -> Planes:
    x0, y0, x1, y1 = crop
    half = slice(y0 // 2, (y1 + 1) // 2), slice(x0 // 2, (x1 + 1) // 2)
    return Planes(planes.y[y0:y1, x0:x1], planes.u[half], planes.v[half])


def _scaled_yuv(planes: Planes, size_hw: tuple[int, int]) -> np.ndarray:
    """All three planes at size_hw, merged."""
    return cv2.merge([_resize(plane, size_hw) for plane in (planes.y, planes.u, planes.v)])


def _resize(plane: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Halved by averaging while it can be, then bilinear: every pixel still counts, so that small objects do not alias.

    A tenth of the time of averaging over fractions of pixels.
    """
    while plane.shape[0] >= 2 * size_hw[0] and plane.shape[1] >= 2 * size_hw[1]:
        plane = cv2.resize(plane, (plane.shape[1] // 2, plane.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(plane, size_hw[::-1], interpolation=cv2.INTER_LINEAR)
