"""How good a picture of an object is: a product of named terms (each 0..1), each to the power of its weight.

size and the network's score cost nothing, its mask and completeness little, sharpness and exposure need pixels: as
every term is at most 1, those known already bound the score from above. Sharpness is what blurring once more takes from
the luma's steps (Crete et al., "The blur effect: perception and estimation with a new no-reference perceptual blur
metric", SPIE 2007) along the direction in which it is least, for things blur as they move: a plain coat can be as sharp
as a checked shirt.
"""

from collections.abc import Mapping
from math import exp, prod, sqrt

import cv2
import numpy as np

from streamseg.config import TermWeights
from streamseg.geometry import F32, U8, SoftMask, cover
from streamseg.records import Frame, Track

Terms = dict[str, float]

_MASK = 25
"""Mask values from here on may be the object."""
_SIZE_PX = 96.0
"""Extent (square root of the area) at which the size term reaches 63 %."""
_LOOK_PX = 128
"""Longer side to which the luma is scaled before sharpness is measured."""
_RIM_PX = 2
"""So much of the mask's border is left out then: steps there may be those from object to background."""
_BLUR_PX = 9
_NOISE = 2.0
"""Steps of the luma up to this are noise."""
_FEW = 0.2
"""Mean step below which sharpness fades to nothing: there is nothing to tell it by."""
_FLOOR = 0.05
"""The least that doubt, flatness and darkness leave of a term: the others still tell such pictures apart."""
_DARK, _BRIGHT = 20, 245
"""Full-range luma outside which a pixel shows no detail."""


def shot_score(terms: Mapping[str, float], weights: TermWeights) -> float:
    """0..1; terms that are not known yet count as 1."""
    return prod(value ** getattr(weights, name) for name, value in terms.items())


def plain_terms(track: Track) -> Terms:
    """What the track's box alone tells: size, and confidence as far as its mask is decided."""
    x0, y0, x1, y1 = track.box
    extent = sqrt(max(0.0, x1 - x0) * max(0.0, y1 - y0))
    return {"confidence": min(max(track.score, 0.0), 1.0), "size": 1 - exp(-extent / _SIZE_PX)}


def decided(mask: SoftMask) -> float:
    """How sure the network is of the outline, 0..1: 1 where the mask is black and white, less where it is grey.

    The square root of the mean distance from one half: an outline that is half guessed counts as much as a lower score.
    """
    some = mask.alpha[mask.alpha >= _MASK].astype(np.float32)
    return max(_FLOOR, sqrt(float(np.abs(some / 127.5 - 1).mean()))) if some.size else _FLOOR


def pixel_terms(frame: Frame, track: Track) -> Terms:
    """What the luma inside the object's mask tells: sharpness and exposure."""
    crop = cover(track.box, frame.size_hw)
    if track.mask is None or crop[2] <= crop[0] or crop[3] <= crop[1]:
        return {"sharpness": _FLOOR, "exposure": _FLOOR}
    luma = np.ascontiguousarray(frame.planes.y[crop[1] : crop[3], crop[0] : crop[2]])
    shrink = min(1.0, _LOOK_PX / max(luma.shape))
    size_wh = max(1, round(luma.shape[1] * shrink)), max(1, round(luma.shape[0] * shrink))
    inside = cv2.resize(track.mask.on(crop), size_wh, interpolation=cv2.INTER_AREA) > 127
    luma = cv2.resize(luma, size_wh, interpolation=cv2.INTER_AREA)
    core = cv2.erode(inside.astype(np.uint8), np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)).astype(bool)
    inside = core if core.any() else inside
    if not inside.any():
        return {"sharpness": _FLOOR, "exposure": _FLOOR}
    return {"sharpness": _sharpness(luma, inside), "exposure": _exposure(luma[inside], frame.color.full_range)}


def _sharpness(luma: U8, inside: np.ndarray) -> float:
    values = luma.astype(np.float32)
    return _FLOOR + (1 - _FLOOR) * min(_lost(values, inside), _lost(values.T, inside.T))


def _lost(luma: F32, inside: np.ndarray) -> float:
    """The share of its steps from row to row that blurring along columns takes: 0..1."""
    before, after = (np.abs(np.diff(plane, axis=0)) for plane in (luma, cv2.blur(luma, (1, _BLUR_PX))))
    both = inside[1:] & inside[:-1]
    steps = np.maximum(before[both] - _NOISE, 0)
    lost = np.maximum(steps - after[both], 0)
    return float(lost.sum() / max(1e-6, steps.sum() + _FEW * len(steps)))


def _exposure(luma: U8, full_range: bool) -> float:
    """The share of pixels that are neither black nor burnt out."""
    values = luma if full_range else (luma.astype(np.float32) - 16) * (255 / 219)
    return _FLOOR + (1 - _FLOOR) * float(np.mean((values > _DARK) & (values < _BRIGHT)))
