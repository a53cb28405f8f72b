"""Errors of a cut-out against exact alpha and colours, each over the pixels of the unknown band and a hundred.

Sources: Rhemann et al. 2009, "A Perceptually Motivated Online Benchmark for Image Matting" (SAD, gradient); Erofeev et
al. 2015, "Perceptually Motivated Benchmark for Video Matting" (dtSSD).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import SoftMask

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
SCREENS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
_SIGMA = 1.4


@dataclass(frozen=True, slots=True)
class Errors:
    """SAD in percent of the band; gradient error in percent of the band; halo in levels (0..255); dtSSD in percent."""

    sad: float
    gradient: float
    halo: float
    dtssd: float


@dataclass(frozen=True, slots=True)
class Pasted:
    """A cut-out on the frame's canvas: alpha float32 [H, W] 0..1, colours float32 [H, W, 3] 0..255."""

    alpha: F32
    colours: F32


def unknown_band(mask: SoftMask, size_hw: tuple[int, int], cells_per_px: float) -> npt.NDArray[np.bool_]:
    """bool [H, W]: where the mask is neither 0 nor 255, and a cell further; the same for every way of cutting out."""
    coarse = mask.on((0, 0, size_hw[1], size_hw[0]))
    side = 2 * ceil(1 / cells_per_px) + 1
    kernel = np.ones((side, side), np.uint8)
    return (cv2.dilate(coarse, kernel) > 12) & (cv2.erode(coarse, kernel) < 243)


def errors(truth: Sequence[Pasted], made: Sequence[Pasted], bands: Sequence[npt.NDArray[np.bool_]]) -> Errors:
    """The means over a sequence; bands: bool [H, W] of every frame."""
    pixels = [int(band.sum()) for band in bands]
    pairs = list(zip(truth, made, pixels, strict=True))
    sad = [100 * float(np.abs(a.alpha - b.alpha).sum()) / n for a, b, n in pairs]
    gradient = [100 * float(np.square(_slope(a.alpha) - _slope(b.alpha)).sum()) / n for a, b, n in pairs]
    halo = [_halo(a, b, band) for (a, b, _), band in zip(pairs, bands, strict=True)]
    flicker = []
    for k in range(1, len(pairs)):
        change = (made[k].alpha - made[k - 1].alpha) - (truth[k].alpha - truth[k - 1].alpha)
        flicker.append(100 * float(np.sqrt(np.square(change).sum() / pixels[k])))
    return Errors(*(float(np.mean(values)) for values in (sad, gradient, halo, flicker)))


def _slope(alpha: F32) -> F32:
    """Length of the gradient by first derivatives of a Gaussian (Rhemann et al. 2009, sec. 4.2)."""
    at = np.arange(-5, 6)
    bell = np.exp(-(at**2) / (2 * _SIGMA**2))
    bell /= bell.sum()
    lean = -at / _SIGMA**2 * bell
    across = cv2.sepFilter2D(alpha, cv2.CV_32F, lean, bell, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(alpha, cv2.CV_32F, bell, lean, borderType=cv2.BORDER_REPLICATE)
    return cv2.magnitude(across, down)


def _halo(truth: Pasted, made: Pasted, band: npt.NDArray[np.bool_]) -> float:
    """Mean difference over the band, in levels, between both laid over each of the three screens."""
    total = 0.0
    for screen in SCREENS:
        over = [
            one.alpha[band][:, None] * one.colours[band] + (1 - one.alpha[band][:, None]) * np.float32(screen)
            for one in (truth, made)
        ]
        total += float(np.abs(over[0] - over[1]).mean())
    return total / len(SCREENS)
