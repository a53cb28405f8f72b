"""Colours of the object alone in its border band, where the picture shows object and old background mixed.

Blur fusion (Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021) from coarse to fine, as in
Germer et al., "Fast Multi-Level Foreground Estimation", ICPR 2020: the first guess comes from pixels that are surely
the object or surely not, the second from what explains the mixture at every few pixels, the last from each pixel.
"""

from typing import NamedTuple

import cv2
import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.blocks import Blocks
from streamseg.tracking.grid import Points, averages, filled, weighted_means
from streamseg.tracking.matte import Matte

_DOUBT = 1e-3
"""Weight of mixed pixels where no sure one is near."""
_RESERVE = np.float32(0.05)
"""Keeps colours of mixed pixels, half of each, near the guess: alpha is never quite right."""
_STEP = 0.4
"""Half the distance of the points at which colours near by are found, as a share of the reach."""
_SHARE = np.arange(256, dtype=np.float32) / np.float32(255)
_SURELY_IN = np.where(_SHARE == 1, np.float32(1), np.float32(_DOUBT) * _SHARE**2)
_SURELY_OUT = _SURELY_IN[::-1].copy()
_WHOLE = _SHARE**2 + (1 - _SHARE) ** 2 + _RESERVE
_GAIN = np.where(_SHARE == 1, np.float32(1), _SHARE / _WHOLE)
"""Of what a pixel shows beyond the guess; all of it where alpha is 255."""
_BLAME, _APART = np.where(_SHARE == 1, np.float32(0), np.float32(0.6)), np.float32(200**2)
"""Share of it that alpha is blamed for, and the squared distance of colours (0..255) from which on it is."""


class _Near(NamedTuple):
    """Colours of object and of background near by: float32 [3, ...], 0..255."""

    own: F32
    other: F32


def decontaminate(rgb: U8, matte: Matte, reach_px: int) -> U8:
    """The object's colours: uint8 [h, w, 3], rgb itself where alpha is 255, black outside the border band.

    reach_px: how far away sure colours are looked for first. Band pixels with alpha 0 get colour too, so that a scaled
    cut-out has no dark fringe.
    """
    result = cv2.copyTo(rgb, matte.alpha)
    x, y, width, height = cv2.boundingRect(matte.band.view(np.uint8))
    rows, columns = (slice(max(0, low - reach_px), low + size + reach_px) for low, size in ((y, height), (x, width)))
    if width:
        part = Matte(matte.alpha[rows, columns], matte.band[rows, columns])
        result[rows, columns] = _recoloured(rgb[rows, columns], part, 2 * max(1, round(_STEP * reach_px)))
    return result


def _recoloured(rgb: U8, matte: Matte, step: int) -> U8:
    """The same of the part with the band; colours near by are found at every step-th pixel."""
    height, width = matte.alpha.shape
    rgb, alpha, band = (filled(one, step) for one in (rgb, matte.alpha, matte.band.view(np.uint8)))
    result = cv2.copyTo(rgb, alpha)
    mixed = cv2.copyTo(cv2.inRange(alpha, 0, 254), band)
    blocks = Blocks.holding(mixed)
    if len(blocks):
        points = blocks.grid_points(step)
        order = points.order_of(blocks.within(step))
        near = _Near(*(side.take(order, axis=1)[:, None] for side in _near(rgb, alpha, points, step)))
        shown, pixels = blocks.colours(rgb), blocks.pixels()
        level, open_ = (one.reshape(-1).take(pixels).reshape(2, 1, 2, -1) for one in (alpha, mixed))
        blocks.put_colours(result, _fused(shown, level, near) * np.minimum(level | open_, 1))
    return result[:height, :width]


def _fused(shown: U8, level: U8, near: _Near) -> U8:
    """The object's colours, uint8 [2, 3, 2, N], of the pixels of blocks (shown, alike; alpha: level [2, 1, 2, N])."""
    way = near.own - near.other
    missing = shown - near.other
    missing -= _SHARE.take(level) * way
    # what is missing on the way from one to the other tells of a wrong alpha, the more the further they are apart
    along = (way * missing).sum(axis=1, keepdims=True)
    along *= _BLAME.take(level) / ((way * way).sum(axis=0) + _APART)
    missing -= along * way
    missing *= _GAIN.take(level)
    missing += near.own
    np.rint(missing, out=missing)
    np.clip(missing, 0, 255, out=missing)
    return missing.astype(np.uint8)


def _near(rgb: U8, alpha: U8, points: Points, step: int) -> _Near:
    """Colours near some points, from pixels that surely are the one or the other, then from what explains mixtures."""
    share = averages(alpha, step)
    planes = [one.astype(np.float32) for one in cv2.split(averages(rgb, step))]
    own, other = (weighted_means(planes, cv2.LUT(share, table), points) for table in (_SURELY_IN, _SURELY_OUT))
    level = share.reshape(-1).take(points.at)
    part, rest = _SHARE.take(level), _SHARE.take(255 - level)
    missing = (points.take(planes) - part * own - rest * other) / _WHOLE.take(level)
    return _Near(np.clip(own + part * missing, 0, 255), np.clip(other + rest * missing, 0, 255))
