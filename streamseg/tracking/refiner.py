"""A small network that makes alpha of blocks of 2x2 pixels out of what is around them (blocks.py).

All its sums are of whole numbers below 2^24, which float32 holds exactly: any library, with any number of threads and
any order of adding, gives the same bytes.
"""

from base64 import b85decode
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.refiner_weights import SIZES, WEIGHTS

_TOP = 255
"""Largest value of what passes between layers; the smallest is 0."""


@dataclass(frozen=True, slots=True)
class Layer:
    """output = floor((input . weights + bias) * scale), kept in 0..255.

    weights: whole numbers, float32 [inputs, outputs]; bias: whole numbers, float32 [outputs]; scale: float32 [outputs].
    """

    weights: F32
    bias: F32
    scale: F32

    def __call__(self, values: F32) -> F32:
        """Whole numbers, float32 [N, inputs] to [N, outputs]."""
        sums = values @ self.weights
        sums += self.bias
        sums *= self.scale
        np.clip(sums, 0, _TOP, out=sums)
        return np.floor(sums, out=sums)


def unpack(text: str, sizes: Sequence[int]) -> tuple[Layer, ...]:
    """Layers of those sizes, from base 85: for each, weights (int8), bias (int32) and scale (float32)."""
    data, at, layers = b85decode(text), 0, []
    for inputs, outputs in pairwise(sizes):
        weights = np.frombuffer(data, "<i1", inputs * outputs, at).reshape(inputs, outputs)
        at += inputs * outputs
        bias, scale = np.frombuffer(data, "<i4", outputs, at), np.frombuffer(data, "<f4", outputs, at + 4 * outputs)
        at += 8 * outputs
        layers.append(Layer(weights.astype(np.float32), bias.astype(np.float32), scale.astype(np.float32)))
    return tuple(layers)


LAYERS = unpack(WEIGHTS, SIZES)


def refine(seen: U8, layers: Sequence[Layer] = LAYERS) -> U8:
    """Alpha of blocks, uint8 [N, 4], from what is seen of them, uint8 [N, INPUTS]."""
    values = seen.astype(np.float32)
    for layer in layers:
        values = layer(values)
    return values.astype(np.uint8)
