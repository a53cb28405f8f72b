"""Colours of the object alone in its border band, where the picture shows object and old background mixed.

Source: Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021 (blur fusion), with both first guesses taken
from pixels that are surely the object or surely not; what remains counts by the square of alpha, not by alpha, for an
alpha too large would bring the background back.
"""

import cv2
import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.matte import Matte

_DOUBT = 1e-3
"""Weight of mixed pixels where no sure one is near."""
_SHARE = np.arange(256, dtype=np.float32) / np.float32(255)
_SURELY_IN = np.where(_SHARE == 1, np.float32(1), np.float32(_DOUBT) * _SHARE)
_SURELY_OUT = _SURELY_IN[::-1].copy()


def decontaminate(rgb: U8, matte: Matte, reach_px: int) -> U8:
    """The object's colours: uint8 [h, w, 3], rgb itself where alpha is 255, black outside the border band.

    In the band: neighbours' colours, object's and background's, each averaged within reach_px, plus what the picture
    shows beyond their mixture, as far as the object has part in it. Band pixels with alpha 0 get colour too, so that
    a scaled cut-out has no dark fringe.
    """
    inner = _spread(rgb, cv2.LUT(matte.alpha, _SURELY_IN), reach_px)
    outer = _spread(rgb, cv2.LUT(matte.alpha, _SURELY_OUT), reach_px)
    result = cv2.copyTo(rgb, matte.alpha)
    edge = np.flatnonzero(matte.band & (matte.alpha < 255))
    own, shown = inner.reshape(-1, 3)[edge], rgb.reshape(-1, 3)[edge]
    part = _SHARE[matte.alpha.ravel()[edge]][:, None]
    mixture = part * own + (1 - part) * outer.reshape(-1, 3)[edge]
    result.reshape(-1, 3)[edge] = np.clip(np.rint(own + part**2 * (shown - mixture)), 0, 255)
    return result


def _spread(rgb: U8, weight: F32, reach_px: int) -> F32:
    """Average of rgb by weight around each pixel: float32 [h, w, 3] in 0..255."""
    step = max(1, reach_px // 3)
    height, width = weight.shape
    small_wh = max(1, width // step), max(1, height // step)
    weighted = cv2.merge([cv2.multiply(rgb, cv2.merge([weight] * 3), dtype=cv2.CV_32F), weight])
    blurred = cv2.resize(weighted, small_wh, interpolation=cv2.INTER_AREA)
    size = 2 * max(1, round(reach_px / step)) + 1
    for _ in range(2):
        blurred = cv2.boxFilter(blurred, -1, (size, size), borderType=cv2.BORDER_REFLECT)
    colours = blurred[:, :, :3] / np.maximum(blurred[:, :, 3:], np.float32(1e-6))
    return cv2.resize(colours, (width, height), interpolation=cv2.INTER_LINEAR)
