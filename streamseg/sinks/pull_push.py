"""What is not known of a picture, filled in smoothly from around it.

Pull and push (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.2): averages of ever larger blocks, until
there is something known in each; then they are spread over the smaller ones that know nothing themselves.
"""

import cv2
import numpy as np

from streamseg.geometry import F32


def filled_in(sums: F32, weights: F32) -> F32:
    """Colours everywhere, from those that are known in places.

    Args:
        sums: float32 [h, w] or [h, w, C], colours times their weights; 0 where nothing is known.
        weights: float32 [h, w], 0..1, how much of each is known.

    Returns:
        float32 like sums: the known colours as they are, the others the smoother the further away; 0 where nothing is
        known anywhere.
    """
    known = weights > 0
    share = np.maximum(weights, np.float32(1e-9))
    own: F32 = np.divide(sums, share if sums.ndim == 2 else share[:, :, None], dtype=np.float32)
    if known.all() or not known.any():
        return own
    size = (weights.shape[1] + 1) // 2, (weights.shape[0] + 1) // 2
    # where a side is odd, blocks are a little smaller than two by two
    halved = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (sums, weights))
    around = cv2.resize(filled_in(*halved), weights.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.copyTo(own, known.view(np.uint8), around)
