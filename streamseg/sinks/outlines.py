"""Masks to smooth closed lines, and lines to dashes."""

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]

_MOST_DASHES = 400


def mask_outlines(alpha: U8, origin: tuple[int, int]) -> list[F64]:
    """The outer edges of a mask, without specks, smoothed along the line.

    Args:
        alpha: uint8 [h, w]; above 127 is inside.
        origin: x, y of its first pixel in the frame.

    Returns:
        Closed lines [N, 2] (x, y in frame pixels).
    """
    solid = (alpha > 127).astype(np.uint8)
    found, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    smallest = max(8.0, 0.01 * float(np.count_nonzero(solid)))
    edges = [edge[:, 0].astype(float) for edge in found if len(edge) > 8 and cv2.contourArea(edge) >= smallest]
    reach = max(1, round(0.012 * sum(alpha.shape)))
    middle_of_pixel = np.array(origin) + 0.5
    return [_smooth_ring(edge, reach) + middle_of_pixel for edge in edges]


def dashes(line: F64, dash_px: float) -> list[F64]:
    """Every other piece, dash_px long, of a closed line [N, 2]."""
    ring = np.concatenate([line, line[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    count = int(min(_MOST_DASHES, along[-1] // (2 * dash_px)))
    starts = np.arange(count) * (along[-1] / max(1, count))
    pieces = starts[:, None] + np.linspace(0, dash_px, 4)
    return [np.stack([np.interp(piece, along, ring[:, i]) for i in (0, 1)], axis=1) for piece in pieces]


def _smooth_ring(line: F64, reach: int) -> F64:
    """The mean over reach neighbours to either side, at as many points as such a line needs."""
    reach = min(reach, (len(line) - 1) // 4)
    ring = np.concatenate([line[-reach:], line, line[:reach]])
    weights = np.ones(2 * reach + 1) / (2 * reach + 1)
    smooth = np.stack([np.convolve(ring[:, i], weights, mode="valid") for i in (0, 1)], axis=1)
    return smooth[:: (reach + 1) // 2]
