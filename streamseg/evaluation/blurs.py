"""Lenses and motion: defocus, motion and zoom blur in five strengths; uint8 [H, W, 3] RGB in and out.

Strengths of Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", sec. 3, as their code has them.
"""

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Generator = np.random.Generator


def defocus_blur(rgb: U8, strength: int, rng: Generator) -> U8:
    """A lens out of focus: the mean over a disc with a soft edge."""
    radius, softness = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))[strength - 1]
    reach, ends = (8, 3) if radius <= 8 else (radius, 5)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = (x * x + y * y <= radius * radius).astype(np.float32)
    return cv2.filter2D(rgb, -1, cv2.GaussianBlur(disc / disc.sum(), (ends, ends), softness))


def motion_blur(rgb: U8, strength: int, rng: Generator) -> U8:
    """A camera that moves while the shutter is open, within 45 degrees of sideways."""
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[strength - 1]
    return cv2.filter2D(rgb, -1, streak(radius, sigma, rng.uniform(-45, 45)))


def zoom_blur(rgb: U8, strength: int, rng: Generator) -> U8:
    """A camera that moves forward: the mean of the picture and of ever larger ones."""
    most, step = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[strength - 1]
    factors = np.arange(1, most, step)
    total = rgb.astype(np.float32)
    for factor in factors:
        total += _enlarged(rgb, float(factor))
    return np.rint(total / (len(factors) + 1)).astype(np.uint8)


def streak(radius: int, sigma: float, degrees: float) -> F32:
    """A filter that smears along a line, with the tail of a bell curve: float32 [n, n], sum 1.

    Its centre of mass is its middle, so that what is smeared stays where its mask is.
    """
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    along = steps - weights @ steps
    reach = int(np.ceil(np.abs(along).max())) + 1
    x, y = reach + along * np.cos(np.deg2rad(degrees)), reach + along * np.sin(np.deg2rad(degrees))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for right, below in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = np.abs(1 - right - (x - left)) * np.abs(1 - below - (y - top))
        np.add.at(kernel, (top + below, left + right), weights * share)
    return kernel


def _enlarged(rgb: U8, factor: float) -> U8:
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0, factor)
    return cv2.warpAffine(rgb, matrix, (width, height), flags=cv2.INTER_LINEAR)
