"""Small pictures over large ones: cutting, blending, darkening; all in place and on the crop only."""

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street.raster import Sprite

U8 = npt.NDArray[np.uint8]


def overlap(
    a: tuple[int, int], a_hw: tuple[int, ...], b: tuple[int, int], b_hw: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]] | None:
    """The common part of two crops as slices into each."""
    x0, y0 = max(a[0], b[0]), max(a[1], b[1])
    x1, y1 = min(a[0] + a_hw[1], b[0] + b_hw[1]), min(a[1] + a_hw[0], b[1] + b_hw[0])
    if x1 <= x0 or y1 <= y0:
        return None
    first = slice(y0 - a[1], y1 - a[1]), slice(x0 - a[0], x1 - a[0])
    return first, (slice(y0 - b[1], y1 - b[1]), slice(x0 - b[0], x1 - b[0]))


def without(alpha: U8, offset: tuple[int, int], front: U8, front_offset: tuple[int, int]) -> U8:
    """alpha less what front hides of it."""
    common = overlap(offset, alpha.shape, front_offset, front.shape)
    if common is None:
        return alpha
    own, its = common
    hidden = front[its]
    if not hidden.any():
        return alpha
    out = alpha.copy()
    out[own] = cv2.multiply(alpha[own], 255 - hidden, scale=1 / 255)
    return out


def blend(picture: U8, sprite: Sprite, cover: U8) -> None:
    """Lay a sprite over a picture, in place; cover is its alpha less what stands before it."""
    (x, y), (h, w) = sprite.offset, sprite.alpha.shape
    part = picture[y : y + h, x : x + w]
    rgb = sprite.rgb
    if cover is not sprite.alpha:
        # what stands before it takes the same share of its colour as of its alpha
        share = cv2.divide(cover, sprite.alpha, scale=255)
        rgb = cv2.multiply(rgb, cv2.merge([share] * 3), scale=1 / 255)
    rest = 255 - cover
    part[:] = cv2.add(cv2.multiply(part, cv2.merge([rest] * 3), scale=1 / 255), rgb)


def darken(picture: U8, shade: Sprite | None, strength: npt.NDArray[np.float64], where: U8) -> None:
    """Take a share of the light (strength: 0..1 a channel) from a picture, in place, where `where` (0..255) allows."""
    if shade is None:
        return
    (x, y), (h, w) = shade.offset, shade.alpha.shape
    part = picture[y : y + h, x : x + w]
    amount = cv2.multiply(shade.alpha, where[y : y + h, x : x + w], scale=1 / 255)
    rest = cv2.merge([cv2.convertScaleAbs(amount, alpha=-float(k), beta=0) for k in strength])
    part[:] = cv2.multiply(part, 255 - rest, scale=1 / 255)


def lighten(picture: U8, pool: Sprite | None, where: U8) -> None:
    """Add a pool of warm light to a picture, in place, where `where` (0..255) allows."""
    if pool is None:
        return
    (x, y), (h, w) = pool.offset, pool.alpha.shape
    amount = cv2.multiply(pool.alpha, where[y : y + h, x : x + w], scale=1 / 255)
    part = picture[y : y + h, x : x + w]
    part[:] = cv2.add(part, cv2.merge([cv2.convertScaleAbs(amount, alpha=k) for k in (0.36, 0.33, 0.25)]))
