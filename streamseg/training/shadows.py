"""Shadows in training scenes: one sun for all objects of a scene, dark on the picture and moving with what casts them.

Without them a network that is told what moves takes every shadow for an object.
"""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.training.scene import Thing

U8 = npt.NDArray[np.uint8]
Mask = TypeVar("Mask", npt.NDArray[np.uint8], npt.NDArray[np.float32])
Generator = np.random.Generator

SUNNY = 0.3
"""Share of scenes with shadows."""
LEAN, LENGTH = 1.6, 0.6
"""Most that a shadow leans to a side, and goes up or down the picture, for each pixel of height."""
DARK = 0.2, 0.65
EDGE = 0.6, 2.5
"""Standard deviation of its blur, pixels."""


def cast_shadows(rgb: U8, things: Sequence[Thing], rng: Generator) -> tuple[U8, list[U8]]:
    """The picture with shadows, and for each thing its own.

    Args:
        rgb: the scene, uint8 [S, S, 3].
        things: its objects; those without a mask cast none.
        rng: what is drawn from.

    Returns:
        uint8 [S, S, 3], and for each thing uint8 [S, S], 255 standing for all light gone; no maps without sun.
    """
    if rng.random() >= SUNNY or not things:
        return rgb, []
    lean, length = rng.uniform(-LEAN, LEAN), rng.uniform(-LENGTH, LENGTH)
    dark, blur = rng.uniform(*DARK), rng.uniform(*EDGE)
    solid = np.zeros(rgb.shape[:2], np.uint8)
    for thing in things:
        if thing.mask is not None:
            np.maximum(solid, thing.mask, out=solid)
    shadows = [_shadow(thing, lean, length, blur, dark) * (1 - solid) for thing in things]
    light = 255 - np.maximum.reduce(shadows)
    return cv2.multiply(rgb, cv2.merge([light] * 3), scale=1 / 255), shadows


def _shadow(thing: Thing, lean: float, length: float, blur: float, dark: float) -> U8:
    """One object's."""
    if thing.mask is None:
        return np.zeros((1, 1), np.uint8)
    flat = laid_flat(thing.mask * np.uint8(255 * dark), thing.box[3], lean, -length)
    return np.asarray(cv2.GaussianBlur(flat, (0, 0), blur), np.uint8)


def laid_flat(mask: Mask, foot: float, lean: float, flat: float) -> Mask:
    """A mask [S, S] tilted about the row of its feet: for each row above it, lean to the side and flat upwards."""
    matrix = np.array([[1, lean, -lean * foot], [0, flat, foot * (1 - flat)]])
    return cv2.warpAffine(mask, matrix, mask.shape[::-1])
