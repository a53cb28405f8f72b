"""The network's inputs and outputs by name, for those who write it to a file and those who run such a file."""

import numpy as np
import numpy.typing as npt

from streamseg.inference.strides import MOTION_STRIDE, STRIDES
from streamseg.records import Sample

U8 = npt.NDArray[np.uint8]
LEVEL_KINDS = ("score", "box", "mix")
"""What there is of each stride."""


def output_names(*, appearance: bool) -> tuple[str, ...]:
    """Name of all that Deployed gives, in its order; appearance: whether the network tells objects of a kind apart."""
    levels = (f"{kind}_{stride}" for stride in STRIDES for kind in LEVEL_KINDS)
    return (*levels, *(("appearance",) if appearance else ()), "prototypes")


def input_shapes(view_hw: tuple[int, int], *, motion: bool) -> dict[str, tuple[int, ...]]:
    """Name and shape, without the batch in front, of all that Deployed takes, in its order; every one is uint8.

    motion: whether the network takes a map of what moves.
    """
    height, width = view_hw
    shapes: dict[str, tuple[int, ...]] = {"view": (height, width, 3)}
    return shapes | ({"motion": (height // MOTION_STRIDE, width // MOTION_STRIDE)} if motion else {})


def as_inputs(samples: list[Sample], *, motion: bool) -> dict[str, U8]:
    """Samples as one batch: an array for each input, by name; no motion map is one of zeros."""
    inputs = {"view": np.stack([sample.view for sample in samples])}
    return inputs | ({"motion": np.stack([_motion(sample) for sample in samples])} if motion else {})


def _motion(sample: Sample) -> U8:
    height, width = sample.view.shape[:2]
    if sample.motion is None:
        return np.zeros((height // MOTION_STRIDE, width // MOTION_STRIDE), np.uint8)
    return sample.motion
