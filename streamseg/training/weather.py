"""What cameras do to pictures: light, colour, blur, noise, compression. uint8 [H, W, 3] RGB in and out."""

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

BLURRED, SMEARED, NOISY, COMPRESSED = 0.15, 0.06, 0.25, 0.2
"""Shares of pictures that are blurred, blurred by motion, noisy, compressed."""
BLUR = 0.4, 1.4
"""Least and most standard deviation of blur, pixels."""
NOISE = 2.0, 40.0
"""The same of noise, grey levels."""


def spoil(rgb: U8, rng: np.random.Generator) -> U8:
    """Light and colour always, blur, noise and compression now and then."""
    rgb = _light(rgb, rng)
    if rng.random() < BLURRED:
        rgb = cv2.GaussianBlur(rgb, (0, 0), rng.uniform(*BLUR))
    if rng.random() < SMEARED:
        rgb = _motion_blur(rgb, rng)
    if rng.random() < NOISY:
        noise = rng.standard_normal((*rgb.shape[:2], 1 if rng.random() < 0.5 else 3), np.float32)
        rgb = np.clip(rgb + noise * np.float32(np.exp(rng.uniform(*np.log(NOISE)))), 0, 255).astype(np.uint8)
    if rng.random() < COMPRESSED:
        rgb = _compressed(rgb, int(rng.integers(20, 80)))
    return rgb


def _light(rgb: U8, rng: np.random.Generator) -> U8:
    gain = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.05, 3))
    gamma = np.exp(rng.normal(0, 0.2))
    ramp = 255 * np.power(np.arange(256)[:, None] / 255, gamma) * gain + rng.normal(0, 8)
    table = np.clip(ramp, 0, 255).astype(np.uint8)[None]
    rgb = cv2.LUT(rgb, table)
    saturation = float(np.clip(rng.normal(1, 0.3), 0, 2)) if rng.random() > 0.06 else 0.0
    grey = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(rgb, saturation, grey, 1 - saturation, 0)


def _motion_blur(rgb: U8, rng: np.random.Generator) -> U8:
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    end = (length - 1) * np.array([np.cos(a := rng.uniform(0, np.pi)), np.sin(a)])
    middle = (length - 1) / 2
    start = tuple(np.rint(middle - end / 2).astype(int).tolist())
    stop = tuple(np.rint(middle + end / 2).astype(int).tolist())
    cv2.line(kernel, start, stop, 1.0)
    return cv2.filter2D(rgb, -1, kernel / kernel.sum())


def _compressed(rgb: U8, quality: int) -> U8:
    coded = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
