"""A small network that makes alpha of blocks of 2x2 pixels out of what is around them (blocks.py).

All its sums are of multiples of one power of two, so few that float32 holds each exactly: any library, with any number
of threads and any order of adding, gives the same bytes.
"""

from base64 import b85decode
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.refiner_weights import SIZES, WEIGHTS

_TOP = 255
"""Largest value of what passes between layers; the smallest is 0."""


def unpack(text: str, sizes: Sequence[int]) -> tuple[F32, ...]:
    """Layers of those sizes, float32 [outputs + 1, inputs + 1]: output = floor(layer . values), kept in 0..255.

    The last of the values is always 1, for the bias; all layers but the last pass it on. text is base 85: for each
    layer, weights (int16) [outputs, inputs], biases (int32), and the powers of two (int8) by which both are divided.
    """
    data, at, layers = b85decode(text), 0, []
    for inputs, outputs in pairwise(sizes):
        layer = np.zeros((outputs + 1, inputs + 1), np.float32)
        layer[:outputs, :inputs] = np.frombuffer(data, "<i2", inputs * outputs, at).reshape(outputs, inputs)
        at += 2 * inputs * outputs
        layer[:outputs, inputs] = np.frombuffer(data, "<i4", outputs, at)
        layer[:outputs] *= np.exp2(-np.frombuffer(data, "<i1", outputs, at + 4 * outputs).astype(np.float32))[:, None]
        layer[outputs, inputs] = 1
        at += 5 * outputs
        layers.append(layer)
    return *layers[:-1], layers[-1][:-1]


LAYERS = unpack(WEIGHTS, SIZES)


def refine(seen: U8, layers: Sequence[F32] = LAYERS) -> U8:
    """Alpha of blocks, uint8 [4, N], from what is seen of them, uint8 [N, INPUTS]."""
    values = np.empty((seen.shape[1] + 1, len(seen)), np.float32)
    values[:-1], values[-1] = cv2.transpose(seen), 1
    for layer in layers:
        values = layer @ values
        np.clip(values, 0, _TOP, out=values)
        np.floor(values, out=values)
    return values.astype(np.uint8)
