"""What cameras do to pictures, for many at once, drawn as training/weather.py draws it."""

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamseg.training.device.chance import Chance
from streamseg.training.device.jpeg import compressed
from streamseg.training.device.maps import blurred, filtered, luma
from streamseg.training.weather import BLUR, BLURRED, COMPRESSED, NOISE, NOISY, SMEARED

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

_LONGEST = 9
"""Of a motion blur, pixels."""


def spoil(rgb: Tensor, chance: Chance) -> Tensor:
    """uint8 [B, 3, S, S] of float32 0..255, which is changed: light and colour always, the rest now and then."""
    count, rng = len(rgb), chance.host
    rgb = _light(rgb.round_(), chance).round_()
    some = chance.some(count, BLURRED)
    at = chance.put(some)
    rgb[at] = blurred(rgb[at], chance.each(*BLUR, len(some)), BLUR[1])
    some = chance.some(count, SMEARED)
    at = chance.put(some)
    rgb[at] = filtered(rgb[at], chance.put(_streaks(len(some), rng)))
    some = chance.some(count, NOISY)
    at = chance.put(some)
    rgb[at] = (rgb[at] + _noise(len(some), rgb.shape[-1], chance)).clamp(0, 255)
    some = chance.some(count, COMPRESSED)
    at = chance.put(some)
    rgb[at] = compressed(rgb[at], rng.integers(20, 80, len(some)), chance)
    return rgb.round_().clamp_(0, 255).to(torch.uint8)


def _light(rgb: Tensor, chance: Chance) -> Tensor:
    n, rng = len(rgb), chance.host
    gain = np.exp(rng.normal(0, 0.12, (n, 1)) + rng.normal(0, 0.05, (n, 3)))
    gamma, offset = np.exp(rng.normal(0, 0.2, n)), rng.normal(0, 8, n)
    saturation = np.where(rng.random(n) > 0.06, rng.normal(1, 0.3, n).clip(0, 2), 0)
    table = np.column_stack([gain, gamma, offset, saturation]).astype(np.float32)
    numbers = chance.put(table)[..., None, None]
    lit = ((rgb / 255) ** numbers[:, 3:4] * (255 * numbers[:, :3]) + numbers[:, 4:5]).clamp_(0, 255)
    return luma(lit)[:, None].lerp(lit, numbers[:, 5:6]).clamp_(0, 255)


def _streaks(count: int, rng: np.random.Generator) -> F32:
    """What a point becomes when the camera moves: [count, 9, 9], each of sum 1."""
    kernels = np.zeros((count, _LONGEST, _LONGEST), np.float32)
    for kernel in kernels:
        end = (int(rng.integers(3, _LONGEST + 1)) - 1) / 2 * np.array([np.cos(a := rng.uniform(0, np.pi)), np.sin(a)])
        middle = np.full(2, _LONGEST // 2)
        start, stop = (tuple(np.rint(middle + sign * end).astype(int).tolist()) for sign in (-1, 1))
        cv2.line(kernel, start, stop, 1.0)
        kernel /= kernel.sum()
    return kernels


def _noise(count: int, side: int, chance: Chance) -> Tensor:
    """Grey or coloured noise of different strengths, float32 [count, 3, side, side]."""
    noise = chance.normal(count, 3, side, side)
    grey = chance.put(chance.host.random((count, 1, 1, 1)) < 0.5)
    low, high = np.log(NOISE)
    return torch.where(grey, noise[:, :1], noise) * chance.each(low, high, count).exp()[..., None]
