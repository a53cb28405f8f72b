"""The network's inputs and outputs by name, for those who write it to a file and those who run such a file."""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from streamseg.inference.strides import MOTION_STRIDE, STRIDES
from streamseg.records import Sample

F32 = npt.NDArray[np.float32]
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


def whole_blocks(prototypes: F32) -> F32:
    """Blocks that begin one cell above and left of the view as blocks that begin with it: a view, nothing is moved.

    prototypes: [B, h + 1, w + 1, 4K], contiguous, as files give them. Returned: [B, h, w, 2, 2, K], read-only.
    """
    batch, rows, columns, numbers = prototypes.shape
    cells = prototypes.reshape(batch, rows, columns, 2, 2, numbers // 4)
    each, down, right, lower, later, number = cells.strides
    # the second row of a block that begins with the view is the first row of the block below
    strides = each, down, right, down - lower, right - later, number
    shape = batch, rows - 1, columns - 1, 2, 2, numbers // 4
    return as_strided(cells[:, :, :, 1:, 1:], shape, strides, writeable=False)


def _motion(sample: Sample) -> U8:
    height, width = sample.view.shape[:2]
    if sample.motion is None:
        return np.zeros((height // MOTION_STRIDE, width // MOTION_STRIDE), np.uint8)
    return sample.motion
