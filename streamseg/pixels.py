"""Planes (YUV 4:2:0) to RGB and back: the one conversion that everybody uses.

Matrices: ITU-T H.273, table 4 (matrix coefficients 1 and 6); video range 16..235 / 16..240 unless full.
"""

from functools import cache, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.records import Color, Frame, Planes

RGB_COLOR = Color("bt601", full_range=True, chroma_site="center")
"""How pictures that come as RGB become planes: as JPEG does it (JFIF), nothing of their range is lost."""

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
_HALVES_UP = 1e-3
"""Added before OpenCV rounds sums of eighths, whose halves it would round to even numbers."""
_WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}


@cache
def _to_rgb(color: Color) -> F64:
    """3x4 matrix from (Y, U, V, 1) to RGB."""
    kr, kb = _WEIGHTS[color.matrix]
    kg = 1 - kr - kb
    luma, chroma, black = (1.0, 1.0, 0.0) if color.full_range else (255 / 219, 255 / 224, 16.0)
    matrix = np.array(
        [
            [luma, 0, 2 * (1 - kr) * chroma],
            [luma, -2 * (1 - kb) * kb / kg * chroma, -2 * (1 - kr) * kr / kg * chroma],
            [luma, 2 * (1 - kb) * chroma, 0],
        ]
    )
    shift = -matrix @ np.array([black, 128, 128])
    return np.hstack([matrix, shift[:, None]])


@cache
def _to_yuv(color: Color) -> F64:
    """3x4 matrix from (R, G, B, 1) to YUV: the inverse of _to_rgb."""
    forward = _to_rgb(color)
    inverse = np.linalg.inv(forward[:, :3])
    return np.hstack([inverse, (-inverse @ forward[:, 3])[:, None]])


def yuv_to_rgb(yuv: U8, color: Color) -> U8:
    """uint8 [h, w, 3] YUV with chroma at every pixel to uint8 [h, w, 3] RGB."""
    return cv2.transform(yuv, _to_rgb(color))


@lru_cache(maxsize=1024)
def rgb_value_to_yuv(rgb: tuple[int, int, int], color: Color) -> tuple[int, int, int]:
    """One RGB colour (0..255) as Y, U, V."""
    y, u, v = np.clip(np.rint(_to_yuv(color) @ np.array([*rgb, 1.0])), 0, 255).astype(int)
    return int(y), int(u), int(v)


def upsample_chroma(plane: U8, size_hw: tuple[int, int], color: Color) -> U8:
    """Half-size chroma (uint8 [ceil(h / 2), ceil(w / 2)]) at every luma pixel, linear, by its true sample sites.

    Rounded once, halves up.
    """
    height, width = plane.shape
    # luma column x lies at chroma column x / 2 (left sites) or x / 2 - 1 / 4 (centred); rows are centred
    if color.chroma_site == "center":
        spread = cv2.resize(plane, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR_EXACT)
        return spread[: size_hw[0], : size_hw[1]]
    at_samples = cv2.resize(plane, (width, 2 * height), interpolation=cv2.INTER_LINEAR_EXACT)
    around = cv2.copyMakeBorder(plane, 1, 1, 0, 1, cv2.BORDER_REPLICATE)
    pairs = cv2.add(around[:, :-1], around[:, 1:], dtype=cv2.CV_16U)
    between = np.empty((height, 2, width), np.uint8)
    for row, next_to in enumerate((pairs[:-2], pairs[2:])):
        cv2.addWeighted(pairs[1:-1], 0.375, next_to, 0.125, _HALVES_UP, dst=between[:, row], dtype=cv2.CV_8U)
    spread = cv2.merge([at_samples, between.reshape(2 * height, width)]).reshape(2 * height, 2 * width)
    return spread[: size_hw[0], : size_hw[1]]


def crop_rgb(frame: Frame, crop: tuple[int, int, int, int]) -> U8:
    """The frame's own pixels of crop (x0, y0, x1, y1, inside the frame) as uint8 [h, w, 3] RGB.

    A crop equals the same part of the whole frame converted, bit for bit: two pixels of margin feed the chroma filter.
    """
    height, width = frame.size_hw
    x0, y0, x1, y1 = crop
    left, top = max(0, (x0 & ~1) - 2), max(0, (y0 & ~1) - 2)
    right, bottom = min(width, x1 + 3), min(height, y1 + 3)
    planes, half = frame.planes, (slice(top // 2, (bottom + 1) // 2), slice(left // 2, (right + 1) // 2))
    chroma = (upsample_chroma(p[half], (bottom - top, right - left), frame.color) for p in (planes.u, planes.v))
    inner = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    return yuv_to_rgb(cv2.merge([planes.y[y0:y1, x0:x1], *(plane[inner] for plane in chroma)]), frame.color)


def frame_rgb(frame: Frame) -> U8:
    """The whole frame as uint8 [h, w, 3] RGB."""
    height, width = frame.size_hw
    return crop_rgb(frame, (0, 0, width, height))


def planes_from_rgb(rgb: U8, color: Color) -> Planes:
    """uint8 [h, w, 3] RGB to 4:2:0 planes, chroma averaged over its four pixels (odd sizes repeat the last one).

    Averaging puts chroma in the middle of its four pixels: use a color with chroma_site "center".
    """
    yuv = cv2.transform(rgb, _to_yuv(color))
    height, width = rgb.shape[:2]
    if height % 2 or width % 2:
        yuv = cv2.copyMakeBorder(yuv, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(yuv, (yuv.shape[1] // 2, yuv.shape[0] // 2), interpolation=cv2.INTER_AREA)
    luma = np.ascontiguousarray(yuv[:height, :width, 0])
    return Planes(luma, np.ascontiguousarray(half[:, :, 1]), np.ascontiguousarray(half[:, :, 2]))
