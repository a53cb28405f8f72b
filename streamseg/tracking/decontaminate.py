"""Colours of the object alone in its border band, where the picture shows object and old background mixed.

Blur fusion (Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021) from coarse to fine, as in
Germer et al., "Fast Multi-Level Foreground Estimation", ICPR 2020: the first guess comes from pixels that are surely
the object or surely not, each finer one from the colours that explain the picture best near the one before.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.matte import Matte

_DOUBT = 1e-3
"""Weight of mixed pixels where no sure one is near."""
_RESERVE = np.float32(0.05)
"""Keeps colours of mixed pixels, half of each, near the guess: alpha is never quite right."""
_BLAME, _APART = np.float32(0.6), np.float32(200**2)
"""Share of what alpha is blamed for, and the squared distance of colours (0..255) from which on it is."""
_SHARE = np.arange(256, dtype=np.float32) / np.float32(255)
_SURELY_IN = np.where(_SHARE == 1, np.float32(1), np.float32(_DOUBT) * _SHARE**2)
_SURELY_OUT = _SURELY_IN[::-1].copy()
_MOSTLY_IN = _SHARE**2 + np.float32(1e-4)
_MOSTLY_OUT = _MOSTLY_IN[::-1].copy()

Planes = list[F32]
"""Red, green and blue, 0..255."""


def decontaminate(rgb: U8, matte: Matte, reach_px: int) -> U8:
    """The object's colours: uint8 [h, w, 3], rgb itself where alpha is 255, black outside the border band.

    reach_px: how far away sure colours are looked for first. Band pixels with alpha 0 get colour too, so that a scaled
    cut-out has no dark fringe.
    """
    result = cv2.copyTo(rgb, matte.alpha)
    x, y, width, height = cv2.boundingRect((matte.band & (matte.alpha < 255)).view(np.uint8))
    if width:
        rows, columns = (
            slice(max(0, low - reach_px), low + size + reach_px) for low, size in ((y, height), (x, width))
        )
        small = Matte(matte.alpha[rows, columns], matte.band[rows, columns])
        _recolour(result[rows, columns], np.ascontiguousarray(rgb[rows, columns]), small, max(2, (reach_px + 1) // 2))
    return result


def _recolour(result: U8, rgb: U8, matte: Matte, step: int) -> None:
    """Write the band's colours into result, in place; colours near by are found at every step-th pixel."""
    at = np.flatnonzero(matte.band & (matte.alpha < 255))
    rows, columns = np.divmod(at, rgb.shape[1])
    near = _near(rgb, matte.alpha, step)
    height, width = ((side * step + 1) // 2 for side in near.shape[:2])
    near = cv2.resize(near, (width, height)).reshape(-1, 6).take(rows // 2 * width + columns // 2, axis=0)
    own, other = near[:, :3], near[:, 3:]
    part = _SHARE[matte.alpha[rows, columns]][:, None]
    gain = part / (part * part + (1 - part) * (1 - part) + _RESERVE)
    way = own - other
    missing = rgb.reshape(-1, 3).take(at, axis=0) - other - part * way
    # what is missing on the way from one to the other tells of a wrong alpha, the more the further they are apart
    along = (way * missing).sum(axis=1, keepdims=True) / ((way * way).sum(axis=1, keepdims=True) + _APART)
    missing -= _BLAME * along * way
    result[rows, columns] = np.clip(np.rint(own + gain * missing), 0, 255)


def _near(rgb: U8, alpha: U8, step: int) -> F32:
    """Colours of object and of background near by, at every step-th pixel: float32 [h', w', 6]."""
    share, small = _averaged(alpha, step), _averaged(rgb, step)
    shown = [one.astype(np.float32) for one in cv2.split(small)]
    own, other = (_spread(shown, cv2.LUT(share, table), 2, 2) for table in (_SURELY_IN, _SURELY_OUT))
    part = cv2.LUT(share, _SHARE)
    rest = 1 - part
    scale = 1 / (part * part + rest * rest + _RESERVE)
    for i in range(3):
        missing = (shown[i] - part * own[i] - rest * other[i]) * scale
        own[i] = np.clip(own[i] + part * missing, 0, 255)
        other[i] = np.clip(other[i] + rest * missing, 0, 255)
    inner, outer = _spread(own, cv2.LUT(share, _MOSTLY_IN), 1, 1), _spread(other, cv2.LUT(share, _MOSTLY_OUT), 1, 1)
    return cv2.merge([*inner, *outer])


def _averaged(image: U8, step: int) -> U8:
    """One pixel for step x step; the last row and column repeated where they do not fill one."""
    height, width = image.shape[:2]
    whole = cv2.copyMakeBorder(image, 0, -height % step, 0, -width % step, cv2.BORDER_REPLICATE)
    return cv2.resize(whole, (whole.shape[1] // step, whole.shape[0] // step), interpolation=cv2.INTER_AREA)


def _spread(planes: Sequence[F32], weight: F32, radius: int, times: int) -> Planes:
    """Averages by weight around each pixel."""
    sums = [*(one * weight for one in planes), weight]
    for _ in range(times):
        sums = [cv2.blur(one, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT) for one in sums]
    share = 1 / np.maximum(sums[3], np.float32(1e-6))
    return [one * share for one in sums[:3]]
