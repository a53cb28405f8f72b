"""Composites with known alpha: a soft disc of one texture over another, and the coarse mask a network would give."""

from dataclasses import dataclass

import cv2
import numpy as np

from streamseg.geometry import SoftMask
from streamseg.records import F32, U8

SIDE = 192


@dataclass(frozen=True)
class Composite:
    """rgb = alpha x object + (1 - alpha) x background, all [192, 192]; mask: alpha seen at a cell of 8 px."""

    rgb: U8
    alpha: F32
    colours: F32
    mask: SoftMask


def texture(seed: int, low: tuple[int, int, int], high: tuple[int, int, int], smooth: float = 2.0) -> F32:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((SIDE, SIDE), np.float32), (0, 0), smooth)
    noise = (noise - noise.min()) / np.ptp(noise)
    return np.array(low, np.float32) + noise[:, :, None] * (np.array(high, np.float32) - np.array(low, np.float32))


def composite(background: F32, cell_px: int = 8) -> Composite:
    """A disc with a lobed outline, blurred by 1.5 px, over background."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    radius = 58 + 7 * np.cos(5 * np.arctan2(rows, columns))
    alpha = cv2.GaussianBlur((np.hypot(rows, columns) < radius).astype(np.float32), (0, 0), 1.5)
    colours = texture(1, (20, 60, 150), (60, 110, 220))
    rgb = alpha[:, :, None] * colours + (1 - alpha[:, :, None]) * background
    small = cv2.resize(alpha, (SIDE // cell_px, SIDE // cell_px), interpolation=cv2.INTER_AREA)
    wobble = cv2.GaussianBlur(np.random.default_rng(4).normal(size=small.shape).astype(np.float32), (0, 0), 1.0)
    soft = np.clip(cv2.GaussianBlur(small, (0, 0), 0.8) + 0.3 * wobble * ((small > 0.02) & (small < 0.98)), 0, 1)
    mask = SoftMask(np.rint(soft * 255).astype(np.uint8), (0.0, 0.0, float(SIDE), float(SIDE)))
    return Composite(np.rint(rgb).astype(np.uint8), alpha, colours, mask)


RED = np.broadcast_to(np.array([235, 20, 20], np.float32), (SIDE, SIDE, 3))
GRASS = texture(2, (70, 120, 30), (160, 210, 90), 1.5)
PAVEMENT = texture(3, (120, 120, 115), (200, 200, 190), 3.0)
