"""How good a picture of an object is, as a product of named terms (each 0..1).

confidence, size and completeness cost nothing and bound the score from above; sharpness and exposure need pixels.
Sharpness is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
ICPR 2000) at a fixed size, relative to the variance of the luma, so that a large plain coat can win over a small
checked shirt.
"""

from collections.abc import Iterable
from math import exp, prod, sqrt

import cv2
import numpy as np

from streamseg.geometry import U8, box_iou, cover
from streamseg.records import Frame, Track
from streamseg.tracking.association import silhouette

Terms = dict[str, float]

_SIZE_PX = 96.0
"""Extent (square root of the area) at which the size term reaches 63 %."""
_BORDER_PX = 2.0
_CUT_BY_BORDER = 0.4
_LOOK_PX = 96
"""Longer side to which the luma is scaled before sharpness is measured."""
_SHARP = 0.6
"""Ratio of variances that gives a sharpness of 0.5."""
_NOISE_VARIANCE = 16.0
_FLOOR = 0.05
"""Sharpness and exposure of the flattest and darkest picture: the other terms still tell such pictures apart."""
_DARK, _BRIGHT = 20, 245
"""Full-range luma outside which a pixel shows no detail."""


def shot_score(terms: Terms) -> float:
    """The product of the terms: 0..1."""
    return prod(terms.values())


def cheap_terms(track: Track, others: Iterable[Track], size_hw: tuple[int, int]) -> Terms:
    """What the tracks of a frame of size_hw alone tell of how well the object shows."""
    x0, y0, x1, y1 = track.box
    extent = sqrt(max(0.0, x1 - x0) * max(0.0, y1 - y0))
    touched = (x0 < _BORDER_PX) + (y0 < _BORDER_PX) + (x1 > size_hw[1] - _BORDER_PX) + (y1 > size_hw[0] - _BORDER_PX)
    clear = prod(1 - _covered(track, other) for other in others if other.id != track.id)
    return {
        "confidence": min(max(track.score, 0.0), 1.0),
        "size": 1 - exp(-extent / _SIZE_PX),
        "completeness": _CUT_BY_BORDER**touched * clear,
    }


def pixel_terms(frame: Frame, track: Track) -> Terms:
    """What the luma inside the object's mask tells: sharpness and exposure."""
    crop = cover(track.box, frame.size_hw)
    if track.mask is None or crop[2] <= crop[0] or crop[3] <= crop[1]:
        return {"sharpness": 0.0, "exposure": 0.0}
    luma = np.ascontiguousarray(frame.planes.y[crop[1] : crop[3], crop[0] : crop[2]])
    shrink = min(1.0, _LOOK_PX / max(luma.shape))
    size_wh = max(1, round(luma.shape[1] * shrink)), max(1, round(luma.shape[0] * shrink))
    inside = cv2.resize(track.mask.on(crop), size_wh, interpolation=cv2.INTER_AREA) > 127
    luma = cv2.resize(luma, size_wh, interpolation=cv2.INTER_AREA)
    inside = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    if not inside.any():
        return {"sharpness": 0.0, "exposure": 0.0}
    return {"sharpness": _sharpness(luma, inside), "exposure": _exposure(luma[inside], frame.color.full_range)}


def _sharpness(luma: U8, inside: np.ndarray) -> float:
    detail = float(cv2.Laplacian(luma, cv2.CV_32F)[inside].var())
    ratio = detail / (float(luma[inside].var()) + _NOISE_VARIANCE)
    return _FLOOR + (1 - _FLOOR) * ratio / (ratio + _SHARP)


def _exposure(luma: U8, full_range: bool) -> float:
    """The share of pixels that are neither black nor burnt out."""
    values = luma if full_range else (luma.astype(np.float32) - 16) * (255 / 219)
    return _FLOOR + (1 - _FLOOR) * float(np.mean((values > _DARK) & (values < _BRIGHT)))


def _covered(track: Track, other: Track) -> float:
    """The share of the track's box that an object in front of it fills: the one standing lower in the picture."""
    if other.mask is None or other.box[3] <= track.box[3] or not box_iou(track.box, other.box).any():
        return 0.0
    return float(np.mean(silhouette(other.mask, track.box) > 127))
