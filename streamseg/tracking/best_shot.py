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
from streamseg.geometry import U8, SoftMask, cover
from streamseg.records import Frame, Track

Terms = dict[str, float]

_MASK = 25
"""Mask values from here on may be the object."""
_DECIDED = np.abs(np.arange(_MASK, 256, dtype=np.float32) / np.float32(127.5) - 1)
"""How far each of these values is from one half."""
_SIZE_PX = 96.0
"""Extent (square root of the area) at which the size term reaches 63 %."""
_LOOK_PX = 128
"""Longer side to which the luma is scaled before sharpness is measured."""
_RIM = np.ones((5, 5), np.uint8)
"""So much of the mask's border is left out then: steps there may be those from object to background."""
_BLUR_PX = 9
_NOISE = 2
"""Steps of the luma up to this are noise."""
_FEW = 0.2
"""Mean step below which sharpness fades to nothing: there is nothing to tell it by."""
_FLOOR = 0.05
"""The least that doubt, flatness and darkness leave of a term: the others still tell such pictures apart."""
_SHOWN = (34, 226), (21, 244)
"""Least and greatest luma at which a pixel shows detail, in video range and in full range."""


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
    counts = cv2.calcHist([mask.alpha], [0], None, [256], [0, 256])[_MASK:, 0]
    total = float(counts.sum())
    return max(_FLOOR, sqrt(float(counts @ _DECIDED) / total)) if total else _FLOOR


def pixel_terms(frame: Frame, track: Track) -> Terms:
    """What the luma inside the object's mask tells: sharpness and exposure."""
    crop = cover(track.box, frame.size_hw)
    if track.mask is None or crop[2] <= crop[0] or crop[3] <= crop[1]:
        return {"sharpness": _FLOOR, "exposure": _FLOOR}
    luma = frame.planes.y[crop[1] : crop[3], crop[0] : crop[2]]
    shrink = min(1.0, _LOOK_PX / max(luma.shape))
    size_wh = max(1, round(luma.shape[1] * shrink)), max(1, round(luma.shape[0] * shrink))
    covered = cv2.resize(track.mask.on(crop), size_wh, interpolation=cv2.INTER_AREA)
    luma = cv2.resize(luma, size_wh, interpolation=cv2.INTER_AREA)
    inside = cv2.threshold(covered, 127, 255, cv2.THRESH_BINARY)[1]
    core = cv2.erode(inside, _RIM)
    inside = core if cv2.hasNonZero(core) else inside
    if not cv2.hasNonZero(inside):
        return {"sharpness": _FLOOR, "exposure": _FLOOR}
    return {"sharpness": _sharpness(luma, inside), "exposure": _exposure(luma, inside, frame.color.full_range)}


def _sharpness(luma: U8, inside: U8) -> float:
    return _FLOOR + (1 - _FLOOR) * min(_lost(luma, inside), _lost(cv2.transpose(luma), cv2.transpose(inside)))


def _lost(luma: U8, inside: U8) -> float:
    """The share of its steps from row to row that blurring along columns takes: 0..1."""
    if len(luma) < 2:
        return 0.0
    steps = cv2.subtract(cv2.absdiff(luma[1:], luma[:-1]), _NOISE)
    both = cv2.bitwise_and(inside[1:], inside[:-1])
    steps = cv2.bitwise_and(steps, both)
    # in whole numbers, _BLUR_PX times as large
    blurred = cv2.boxFilter(luma, cv2.CV_16U, (1, _BLUR_PX), normalize=False)
    after = cv2.absdiff(blurred[1:], blurred[:-1])
    lost = cv2.subtract(np.multiply(steps, np.uint16(_BLUR_PX), dtype=np.uint16), after)
    whole = cv2.sumElems(steps)[0] + _FEW * cv2.countNonZero(both)
    return float(cv2.sumElems(lost)[0] / _BLUR_PX / max(1e-6, whole))


def _exposure(luma: U8, inside: U8, full_range: bool) -> float:
    """The share of pixels that are neither black nor burnt out."""
    shown = cv2.bitwise_and(cv2.inRange(luma, *_SHOWN[full_range]), inside)
    return _FLOOR + (1 - _FLOOR) * cv2.countNonZero(shown) / cv2.countNonZero(inside)
