"""The way of a pixel from its source's stored picture into a cut-out and into the network's view, as matrices.

A matrix [[a, b, c], [d, e, f]] takes a point x, y to a x + b y + c, d x + e y + f. Points are measured from the outer
corner of a picture's first pixel: the middle of pixel (column, row) is (column + 0.5, row + 0.5).
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from streamseg.geometry import Letterbox
from streamseg.records import Frame, Stored

F64 = npt.NDArray[np.float64]


def transforms(
    frame: Frame, offset: tuple[int, int], size_wh: tuple[int, int], fit: Letterbox | None
) -> dict[str, Any]:
    """What `transforms` of a sidecar holds, for a cut-out that lies at offset (x, y) in a frame."""
    stored = frame.stored or Stored(frame.size_hw)
    steps = _to_frame(stored, frame.size_hw)
    crop = np.array([[1, 0, -offset[0]], [0, 1, -offset[1]], [0, 0, 1]], np.float64)
    steps.append(("crop", size_wh, crop))
    whole = reduce(lambda done, step: step[2] @ done, steps, np.eye(3))
    view = None if fit is None else {"size": list(fit.view_hw[::-1]), "matrix": _rows(_letterbox(fit))}
    return {
        "stored_size": list(stored.size_hw[::-1]),
        "steps": [{"name": name, "size": list(size), "matrix": _rows(matrix)} for name, size, matrix in steps],
        "to_stored": _rows(np.linalg.inv(whole).astype(np.float64)),
        "view": view,
    }


def _to_frame(stored: Stored, size_hw: tuple[int, int]) -> list[tuple[str, Sequence[int], F64]]:
    """What capture did: name, the picture's size (width, height) after it, and the points' matrix."""
    steps: list[tuple[str, Sequence[int], F64]] = []
    lying_hw = size_hw[::-1] if stored.transposed else size_hw
    if lying_hw != stored.size_hw:
        scale = np.diag([lying_hw[1] / stored.size_hw[1], lying_hw[0] / stored.size_hw[0], 1.0])
        steps.append(("scale", lying_hw[::-1], scale))
    if stored.transposed or stored.sign_x < 0 or stored.sign_y < 0:
        turn = np.eye(3)[[1, 0, 2]] if stored.transposed else np.eye(3)
        across, down = stored.sign_x, stored.sign_y
        right, bottom = size_hw[1] if across < 0 else 0, size_hw[0] if down < 0 else 0
        mirror = np.array([[across, 0, right], [0, down, bottom], [0, 0, 1]], np.float64)
        steps.append(("turn", size_hw[::-1], mirror @ turn))
    return steps


def _letterbox(fit: Letterbox) -> F64:
    (sx, sy), (ox, oy), (px, py) = fit.scale_xy, fit.origin_xy, fit.pad_xy
    return np.array([[sx, 0, px - sx * ox], [0, sy, py - sy * oy], [0, 0, 1]], np.float64)


def _rows(matrix: F64) -> list[list[float]]:
    """The first two rows; + 0.0: no negative zeros."""
    rows: list[list[float]] = (np.round(matrix[:2], 9) + 0.0).tolist()
    return rows
