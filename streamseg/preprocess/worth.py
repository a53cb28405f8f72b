"""Whether the network should look again, or what it saw last can be moved along with the picture for another frame.

Only pictures are asked: what the network found is not known yet when the next frames are prepared. The limits were
chosen on a few clips, and judged on others (docs/speed.md).
"""

import cv2
import numpy as np

from streamseg.geometry import F32, U8

_CHANGED = 8
"""Grey levels: a cell that differs by more has changed. The noise of cameras and codecs is below, in the mean of a
cell."""
_MOVES_PX = 0.5
_FAR_PX = 8.0
"""So far may have moved what moves, but for the fastest tenth of it, since the last look (pixels of half the view)."""
_LEFT = 16
"""Grey levels: what differs by more where the picture was moved along has not moved, but changed: it bent, turned, came
into sight."""
_SPOT, _MOST_OF_A_SPOT = 5, 20
"""So many cells of a square of 5 x 5 are the smallest change that the network is asked about at once: 40 x 40 pixels of
its view. What is smaller waits until the network looks anyway."""
_MOST_LEFT = 0.15
"""Share of all that moves or has changed."""


def is_still(change: U8) -> bool:
    """Whether a picture is as it was; change: difference() of its cells, uint8 [h, w]."""
    return int(change.max()) <= _CHANGED


def is_worth_a_look(change: U8, left: U8, flow: F32) -> bool:
    """Whether the picture changed too much for objects to be moved along with it.

    change, left: difference() of its cells to the last look, before and after that one was moved along, uint8 [h, w];
    flow: float32 [h, w, 2] of cells, in pixels.
    """
    far = np.hypot(flow[..., 0], flow[..., 1])
    moves = (change > _CHANGED) | (far > _MOVES_PX)
    if not moves.any():
        return False
    if np.percentile(far[moves], 90) > _FAR_PX:
        return True
    unexplained = (left > _LEFT).astype(np.float32)
    spots = cv2.boxFilter(unexplained, -1, (_SPOT, _SPOT), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return bool(spots.max() >= _MOST_OF_A_SPOT or unexplained.sum() > _MOST_LEFT * np.count_nonzero(moves))
