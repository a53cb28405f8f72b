"""How much of an object a frame shows, as far as one frame tells: 1, less for what cuts it off or stands before it.

Objects stand on the ground: the one whose box ends lower in the picture is nearer. Where an object's outline touches a
nearer one, or their masks overlap, something of it is hidden; where the mask of any other of its kind overlaps, either
mask may hold both of them. Of what the border of the frame cuts off, shape tells how much there is: the further a car
reaches into the picture, for its height, the more of it is seen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.config import ZoneConfig
from streamseg.geometry import U8, Box
from streamseg.records import Track
from streamseg.tracking.association import SILHOUETTE_SIDE, silhouette
from streamseg.zones import covered, of_kind

_NEAR_FRAME, _NEAR_OBJECT = 0.008, 0.025
"""Shares of the frame's and the object's longer side: so far before the border end masks of what it cuts off, by a cell
or two of the network, and by what it is unsure of. Twice as far away nothing is cut off."""
_CUT_MOST, _CUT_HALF = 0.8, 0.75
"""What is left of an object at the border, however far it reaches into the picture; half of that where it reaches in by
so much of its extent along the border."""
_CUT = 0.3
"""What is left of one at a zone that hides the rest,"""
_CUT_OUTLINE = 0.1
"""when so much of its outline lies along it."""
_HIDDEN = 0.05
"""What is left where all of the outline lies along nearer objects: other terms still tell such pictures apart."""
_RIM = 0.15
_KERNEL = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """Another object's silhouette: bool [32, 32]; whether it stands nearer; whether it is of the same kind."""

    cells: npt.NDArray[np.bool_]
    nearer: bool
    alike: bool


class Completeness:
    """Judges the objects of one stream.

    Args:
        zones: of the stream; what the network cannot see because of them cuts objects off as the border does.
    """

    def __init__(self, zones: Sequence[ZoneConfig] = ()):
        self._zones = [zone for zone in zones if zone.kind != "watch"]
        self._hidden: U8 = np.zeros((0, 0), np.uint8)

    def at_most(self, track: Track, size_hw: tuple[int, int]) -> float:
        """The same without others and zones, which can only take from it."""
        return _clear_of_border(track.box, size_hw)

    def __call__(self, track: Track, others: Iterable[Track], size_hw: tuple[int, int]) -> float:
        """0..1 of a track in a frame of size_hw (pixels) that shows others, itself perhaps among them."""
        whole = _clear_of_border(track.box, size_hw)
        if track.mask is None:
            return whole
        wide = _grown(track.box)
        near = list(_neighbours(track, others, wide))
        if not (near or self._zones):
            return whole
        inside = silhouette(track.mask, wide) > 127
        rim = _rim(inside)
        if near:
            front = [one.cells for one in near if one.nearer]
            along = _share(rim, np.logical_or.reduce(front)) if front else 0.0
            claimed = _share(inside, np.logical_or.reduce([one.cells for one in near]))
            whole *= max(_HIDDEN, (1 - along) * (1 - claimed))
        if self._zones:
            along = _share(rim, self._unseen(wide, size_hw))
            whole *= _CUT + (1 - _CUT) * max(0.0, 1 - along / _CUT_OUTLINE)
        return whole

    def _unseen(self, box: Box, size_hw: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """bool [32, 32]: where in a box zones hide the picture from the network."""
        if self._hidden.shape != size_hw:
            include, *hiding = (of_kind(self._zones, kind, size_hw) for kind in ("include", "exclude", "privacy"))
            hidden = covered([polygon for polygons in hiding for polygon in polygons], size_hw)
            self._hidden = hidden | (1 - covered(include, size_hw)) if include else hidden
        step_x, step_y = (box[2] - box[0]) / SILHOUETTE_SIDE, (box[3] - box[1]) / SILHOUETTE_SIDE
        # OpenCV counts from the centre of the first pixel
        matrix = np.array([[step_x, 0, box[0] + step_x / 2 - 0.5], [0, step_y, box[1] + step_y / 2 - 0.5]])
        size = (SILHOUETTE_SIDE, SILHOUETTE_SIDE)
        return cv2.warpAffine(self._hidden, matrix, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0


def _neighbours(track: Track, others: Iterable[Track], wide: Box) -> Iterator[_Neighbour]:
    """Those that may stand before the track, whose box grows to wide, or lie on top of it as one of its own kind."""
    for other in others:
        if other.mask is None or other.id == track.id or not _meet(other.mask.box, wide):
            continue
        nearer = other.box[3] > track.box[3]
        alike = other.label == track.label and _meet(other.mask.box, track.box)
        if nearer or alike:
            yield _Neighbour(silhouette(other.mask, wide) > 127, nearer, alike)


def _clear_of_border(box: Box, size_hw: tuple[int, int]) -> float:
    width, height = max(1.0, box[2] - box[0]), max(1.0, box[3] - box[1])
    near_px = _NEAR_FRAME * max(size_hw) + _NEAR_OBJECT * max(width, height)
    gaps_px = box[0], box[1], size_hw[1] - box[2], size_hw[0] - box[3]
    left = _left_of_cut(width / height), _left_of_cut(height / width)
    return prod(1 - (1 - left[i % 2]) * min(1.0, max(0.0, 2 - gap / near_px)) for i, gap in enumerate(gaps_px))


def _left_of_cut(reach: float) -> float:
    """What is left of an object that reaches into the picture by so much of its extent along the border."""
    return _CUT_MOST * reach / (reach + _CUT_HALF)


def _grown(box: Box) -> Box:
    by = _RIM * max(box[2] - box[0], box[3] - box[1])
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _rim(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The cells just outside."""
    return cv2.dilate(inside.astype(np.uint8), _KERNEL).astype(bool) & ~inside


def _share(cells: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(cells & of)) / max(1, int(np.count_nonzero(cells)))
