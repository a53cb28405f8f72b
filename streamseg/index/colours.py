"""What colours an object has, by the names that people have for them."""

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

NAMES = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "blue", "purple", "pink")
"""The basic colour terms of English (Berlin and Kay 1969, "Basic Color Terms")."""

_LEAST = 0.1
_SIDE = 64
_OPAQUE = 128
_BLACK, _WHITE = 50, 200
"""Brightest grey that is black, darkest that is white, of 255."""
_GREY = 45
"""Saturation (of 255) below which a colour has no name of its own."""
_DARK, _PALE = 150, 120
"""Orange less bright than this is brown; red less saturated than this, and bright, is pink."""
_ENDS = np.array([8, 22, 35, 83, 130, 150, 172, 181])
"""Hue (half degrees) up to which a colour is red, orange, yellow, green, blue, purple, pink, and red again."""
_HUES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "red")
_BY_HUE = np.array([NAMES.index(name) for name in _HUES])


def shares(rgba: U8) -> dict[str, float]:
    """Of the opaque part of a cut-out (uint8 [h, w, 4]) the share of each colour, the largest first; a tenth at least.

    Empty where nothing is opaque.
    """
    height, width = rgba.shape[:2]
    down, across = max(1, height // _SIDE), max(1, width // _SIDE)
    small = rgba[down // 2 :: down, across // 2 :: across]
    opaque = small[..., 3] >= _OPAQUE
    if not opaque.any():
        return {}
    hsv = cv2.cvtColor(np.ascontiguousarray(small[..., :3]), cv2.COLOR_RGB2HSV)[opaque]
    counts = np.bincount(_named(hsv), minlength=len(NAMES)) / len(hsv)
    order = np.argsort(-counts, kind="stable")
    return {NAMES[i]: round(float(counts[i]), 3) for i in order if counts[i] >= _LEAST}


def _named(hsv: U8) -> npt.NDArray[np.intp]:
    """Index into NAMES of each of N pixels, uint8 [N, 3]: hue in half degrees, saturation, value."""
    hue, saturation, value = (hsv[:, i].astype(np.intp) for i in range(3))
    named = _BY_HUE[np.searchsorted(_ENDS, hue, side="right").clip(max=len(_BY_HUE) - 1)]
    red, orange = NAMES.index("red"), NAMES.index("orange")
    named = np.where((named == orange) & (value < _DARK), NAMES.index("brown"), named)
    named = np.where((named == red) & (saturation < _PALE) & (value > _DARK), NAMES.index("pink"), named)
    plain = np.where(value > _WHITE, NAMES.index("white"), NAMES.index("grey"))
    named = np.where(saturation < _GREY, plain, named)
    return np.where(value < _BLACK, NAMES.index("black"), named)
