"""What an object looks like: the histogram, over bins that training chose, of its upper half and of its lower one.

Square roots of shares have unit length, and the product of two such vectors is the Bhattacharyya coefficient of the
histograms: Comaniciu et al. 2003, "Kernel-Based Object Tracking", sec. 4. Halves, as people's clothes change at the
waist: Farenzena et al. 2010, "Person Re-Identification by Symmetry-Driven Accumulation of Local Features", sec. 3.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streamseg.inference.strides import APPEARANCE_STRIDE

F32 = npt.NDArray[np.float32]


def looks(bins: F32, masks: Sequence[npt.NDArray[np.bool_]], cells: npt.NDArray[np.int64], boxes: F32) -> F32:
    """Unit vectors [N, 2E] of N objects, out of the map [h, w, E] of how much of each cell belongs to each bin.

    masks: what is inside, on cells [N, 4] x0, y0, x1, y1 of that map; boxes [N, 4] x0, y0, x1, y1 in view pixels. Zeros
    for a mask with nothing inside.
    """
    kinds = bins.shape[2]
    rows = np.zeros((len(masks), 2, kinds), np.float32)
    middles = (boxes[:, 1] + boxes[:, 3]) / (2 * APPEARANCE_STRIDE)
    for row, mask, (x0, y0, x1, y1), middle in zip(rows, masks, cells.tolist(), middles.tolist(), strict=True):
        inside = mask.ravel().astype(np.float32)
        part = bins[y0:y1, x0:x1].reshape(-1, kinds)
        upper = min(max(int(middle + 0.5) - y0, 0), y1 - y0) * (x1 - x0)
        row[0], row[1] = inside[:upper] @ part[:upper], inside[upper:] @ part[upper:]
    return _unit(np.sqrt(rows.reshape(len(rows), 2 * kinds)))


def _unit(vectors: F32) -> F32:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)
