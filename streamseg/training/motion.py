"""Motion maps for training: what a fixed camera's background estimate would say of a still picture's scene.

The truth's masks stand for what differs from the background, spoiled as estimates are: parts that look like what is
behind them, ghosts where something stood before, shadows, foliage and water, jitter, noise. Half of the maps are empty,
which means that nothing is known: the network must see as well by moving cameras. Masks as a channel of their own that
training corrupts: Perazzi et al. 2017, "Learning Video Object Segmentation from Static Images", sec. 3.1.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.inference.strides import MOTION_STRIDE
from streamseg.training.scene import Thing
from streamseg.training.shadows import laid_flat

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Generator = np.random.Generator

EMPTY = 0.5
STILL = 0.3
GHOST = 0.12
SHADOW = 0.2
"""Share of moving objects with a shadow that the picture does not show."""
JITTER = 0.15
SOFT = 0.3
MARGIN, FULL = 8.0, 42.0
"""Grey levels by which something differs before it counts, and over which it surely does: about what a background
estimate of some spread makes of it (preprocess/background.py)."""


def motion_of(rgb: U8, things: Sequence[Thing], rng: Generator, shadows: Sequence[U8] = ()) -> U8:
    """A motion map uint8 [S/4, S/4] for a scene, 0 still to 255 surely moved; all 0: nothing is known.

    Args:
        rgb: the scene, uint8 [S, S, 3].
        things: its objects; those without a mask move as the ellipse in their box.
        rng: what is drawn from.
        shadows: of what is not among things, uint8 [S, S] each; those of things move with what casts them.
    """
    side = rgb.shape[0] // MOTION_STRIDE
    if rng.random() < EMPTY:
        return np.zeros((side, side), np.uint8)
    motion = np.zeros((side, side), np.float32)
    fallen = [shadow for shadow in shadows if rng.random() >= STILL]
    for thing in things:
        if rng.random() >= STILL:
            np.maximum(motion, _moved(_small(thing, side), rng), out=motion)
            if thing.shadow is not None:
                fallen.append(thing.shadow)
    for shadow in fallen:
        np.maximum(motion, _fell(rgb, shadow, side), out=motion)
    for _ in range(rng.poisson(0.8)):
        np.maximum(motion, _restless(side, rng), out=motion)
    if rng.random() < JITTER:
        np.maximum(motion, _jitter(rgb, side, rng), out=motion)
    if rng.random() < SOFT:
        motion = cv2.GaussianBlur(motion, (0, 0), rng.uniform(0.5, 1.5))
    speckles = rng.standard_normal((side, side), np.float32) * np.float32(rng.uniform(0, 0.08)) - 0.05
    return np.rint(255 * np.clip(motion + speckles, 0, 1)).astype(np.uint8)


def _small(thing: Thing, side: int) -> F32:
    """What part of each cell the thing covers, 0..1."""
    if thing.mask is not None:
        return cv2.resize(thing.mask * np.float32(1), (side, side), interpolation=cv2.INTER_AREA)
    mask = np.zeros((side, side), np.float32)
    x0, y0, x1, y1 = (value / MOTION_STRIDE for value in thing.box)
    middle, axes = (round((x0 + x1) / 2), round((y0 + y1) / 2)), (round((x1 - x0) / 2), round((y1 - y0) / 2))
    return cv2.ellipse(mask, middle, axes, 0, 0, 360, 1.0, -1)


def _moved(mask: F32, rng: Generator) -> F32:
    """One moving object: more or less of it differs from what is behind it, more or less clearly."""
    contrast = np.float32(rng.uniform(0.25, 1.6))
    field = _clouds(mask.shape[0], rng, cells=(4, 24))
    motion = mask * np.clip(contrast * (field + np.float32(rng.uniform(-0.2, 0.8))), 0, 1)
    if rng.random() < GHOST:
        motion = np.maximum(motion, _shifted(mask, rng) * np.float32(rng.uniform(0.3, 1)))
    if rng.random() < SHADOW:
        motion = np.maximum(motion, _shadow(mask, rng))
    return motion


def _fell(rgb: U8, shadow: U8, side: int) -> F32:
    """A shadow that the picture shows: by how many grey levels it is darker than before, over what is sure."""
    now = cv2.resize(rgb.max(axis=2), (side, side), interpolation=cv2.INTER_AREA)
    dark = cv2.resize(shadow, (side, side), interpolation=cv2.INTER_AREA) / 255
    return np.clip((now * dark / (1 - dark) - MARGIN) / FULL, 0, 1).astype(np.float32)


def _shifted(mask: F32, rng: Generator) -> F32:
    """Where the object stood when the background was learnt."""
    _, _, w, h = cv2.boundingRect((mask > 0.5).astype(np.uint8))
    dx, dy = rng.uniform(-1.2, 1.2) * max(w, 2), rng.uniform(-0.4, 0.4) * max(h, 2)
    matrix = np.array([[1, 0, dx], [0, 1, dy]])
    return cv2.warpAffine(mask, matrix, mask.shape[::-1])


def _shadow(mask: F32, rng: Generator) -> F32:
    """The object, laid flat from its feet."""
    _, y, _, h = cv2.boundingRect((mask > 0.5).astype(np.uint8))
    foot, lean, flat = y + h, rng.uniform(-1.5, 1.5), rng.uniform(-0.5, 0.5)
    return laid_flat(mask, foot, lean, flat) * np.float32(rng.uniform(0.15, 0.6))


def _restless(side: int, rng: Generator) -> F32:
    """Leaves, water, a screen: a patch that is never quite the same."""
    patch = np.zeros((side, side), np.float32)
    middle = tuple(rng.integers(0, side, 2).tolist())
    axes = tuple(np.maximum(1, np.exp(rng.uniform(np.log(1.5), np.log(side / 2.5), 2)).astype(int)).tolist())
    cv2.ellipse(patch, middle, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    return patch * np.clip(_clouds(side, rng, cells=(8, 48)) - np.float32(rng.uniform(0, 0.5)), 0, 1)


def _jitter(rgb: U8, side: int, rng: Generator) -> F32:
    """A camera that shakes, or turns slowly: whatever has an edge differs."""
    grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (side, side), interpolation=cv2.INTER_AREA)
    dx, dy = rng.uniform(-1.5, 1.5, 2)
    moved = cv2.warpAffine(grey, np.array([[1, 0, dx], [0, 1, dy]]), (side, side), borderMode=cv2.BORDER_REPLICATE)
    return cv2.absdiff(grey, moved) * np.float32(rng.uniform(0.5, 3) / 40)


def _clouds(side: int, rng: Generator, *, cells: tuple[int, int]) -> F32:
    """Smooth noise of about 0..1, coarser or finer."""
    count = int(np.exp(rng.uniform(*np.log(cells))))
    coarse = rng.random((count, count), np.float32)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
