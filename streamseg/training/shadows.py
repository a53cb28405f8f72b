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

SUNNY = 0.4
"""Share of scenes with shadows."""
LEAN, LENGTH = 1.6, 0.9
"""Most that a shadow leans to a side, and goes up or down the picture, for each pixel of height."""
DARK = 0.2, 0.75
EDGE = 0.3, 2.5
"""Standard deviation of its blur, pixels."""


def cast_shadows(rgb: U8, things: Sequence[Thing], rng: Generator) -> U8:
    """The picture with shadows, uint8 [S, S, 3]; each thing is given its own, if there is sun.

    Args:
        rgb: the scene, uint8 [S, S, 3].
        things: its objects; those without a mask cast none, a shadow that one has becomes the darker of both.
        rng: what is drawn from.
    """
    if rng.random() >= SUNNY or not things:
        return rgb
    lean, length = rng.uniform(-LEAN, LEAN), rng.uniform(-LENGTH, LENGTH)
    dark, blur = rng.uniform(*DARK), rng.uniform(*EDGE)
    solid = np.zeros(rgb.shape[:2], np.uint8)
    for thing in things:
        if thing.mask is not None:
            np.maximum(solid, thing.mask, out=solid)
    light = np.full(solid.shape, 255, np.uint8)
    for thing in things:
        if thing.mask is not None:
            shadow = _shadow(thing.mask, thing.box[3], lean, length, blur, dark) * (1 - solid)
            np.minimum(light, 255 - shadow, out=light)
            thing.shadow = shadow if thing.shadow is None else np.maximum(thing.shadow, shadow)
    return cv2.multiply(rgb, cv2.merge([light] * 3), scale=1 / 255)


def _shadow(mask: U8, foot: float, lean: float, length: float, blur: float, dark: float) -> U8:
    """One object's."""
    flat = laid_flat(mask * np.uint8(255 * dark), foot, lean, -length)
    return np.asarray(cv2.GaussianBlur(flat, (0, 0), blur), np.uint8)


def laid_flat(mask: Mask, foot: float, lean: float, flat: float) -> Mask:
    """A mask [S, S] tilted about the row of its feet: for each row above it, lean to the side and flat upwards."""
    matrix = np.array([[1, lean, -lean * foot], [0, flat, foot * (1 - flat)]])
    return cv2.warpAffine(mask, matrix, mask.shape[::-1])
