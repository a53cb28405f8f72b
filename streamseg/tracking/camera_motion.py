"""How the camera itself moved from one frame to the next: the motion that most of the background has in common.

Corners of a small picture, one in each cell of a grid, are followed by sparse optical flow (Lucas & Kanade 1981, in
pyramids: Bouguet 2000), and RANSAC finds the shift, turn and scale that most of them agree on: Aharon et al.,
"BoT-SORT: Robust Associations Multi-Pedestrian Tracking", 2022, section 3.2. Objects that are tracked are left out.
Where a cheaper look shows that the background's edges stay in place, nothing is followed at all, and the answer is
exactly that nothing moved. What is found must explain the change of the picture, or it is not believed: before a fixed
camera corners that agree may all be cars.
"""

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.geometry import U8, Box

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
I16 = npt.NDArray[np.int16]
BoolMatrix = npt.NDArray[np.bool_]

_MOST_SIDE_PX = 256
"""Longer side of the small picture: the frame is halved until it fits."""
_EDGE = 12
"""Grey levels a pixel: steeper places tell whether the picture moves."""
_STILL_PX = 0.1
"""The camera stands still where most edges moved across themselves by less, in pixels of the small picture. With 9
fixed cameras 95 of 100 frames are below 0.06, with 15 moving ones above 0.16."""
_FEWEST_EDGES = 50
_CELLS = 14
"""Cells of the grid along the longer side: one corner each."""
_CORNER = 1e-3
"""Smallest eigenvalue of a patch's gradients (cv2.cornerMinEigenVal) that makes a corner."""
_WINDOW_PX, _LEVELS = 13, 3
_INLIER_PX = 1.0
_FEWEST_AGREE, _LEAST_SHARE = 10, 0.35
"""So many corners, and such a share of those that could be followed, must agree: else nobody can tell."""
_LEFT_OVER, _MOST_CHANGE = 0.85, 40
"""Where the camera moved, at most such a share of the change at edges is left once the picture was moved likewise
(moving cameras: 0.5 in the median, fixed ones: 1.0); a pixel counts with so many grey levels at most."""


class CameraView(msgspec.Struct, frozen=True, array_like=True):
    """A frame's luma, halved some times: uint8 [height, width] as bytes; factor: frame pixels to one of its own."""

    height: int
    width: int
    factor: int
    pixels: bytes

    @classmethod
    def of(cls, luma: U8) -> "CameraView":
        """The small picture of a luma plane (uint8 [H, W])."""
        factor = 1
        while max(luma.shape) > _MOST_SIDE_PX:
            height, width = luma.shape[0] // 2, luma.shape[1] // 2
            if not height or not width:
                break
            luma = cv2.resize(luma[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
            factor *= 2
        return cls(luma.shape[0], luma.shape[1], factor, luma.tobytes())

    @property
    def picture(self) -> U8:
        """uint8 [height, width]."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width)


class Similarity(msgspec.Struct, frozen=True):
    """Where the background of one frame lies in the next: p -> linear @ p + shift, in frame pixels.

    linear: float64 [2, 2], a turn and a scale; shift: float64 [2].
    """

    linear: F64
    shift: F64

    @property
    def scale(self) -> float:
        """By how much everything grows."""
        return float(np.hypot(self.linear[0, 0], self.linear[1, 0]))


def camera_motion(before: CameraView, now: CameraView, boxes: Sequence[Box]) -> Similarity | None:
    """How the background moved between two frames; None if it did not, or if that cannot be told.

    boxes: where objects were in the frame before, x0, y0, x1, y1 (frame px); they may move as they like.
    """
    if (before.height, before.width, before.factor) != (now.height, now.width, now.factor) or before.height < 3:
        return None
    one, other = before.picture, now.picture
    background = np.ones(one.shape, bool)
    for x0, y0, x1, y1 in (np.array(boxes).reshape(-1, 4) / before.factor).tolist():
        background[max(0, int(y0)) : max(0, int(y1) + 1), max(0, int(x0)) : max(0, int(x1) + 1)] = False
    change = cv2.absdiff(one, other)
    if _stands_still(one, change, background):
        return None
    matrix = _common_motion(one, other, background)
    if matrix is None or not _explains(matrix, one, other, background):
        return None
    linear = np.ascontiguousarray(matrix[:, :2])
    # the first pixel's centre is (0, 0) there, and (0.5, 0.5) here
    return Similarity(linear, before.factor * (matrix[:, 2] + 0.5 - linear.sum(axis=1) / 2))


def _steepness(picture: U8) -> I16:
    """Eight times the slope at each pixel, in grey levels a pixel."""
    return np.asarray(np.abs(cv2.Sobel(picture, cv2.CV_16S, 1, 0)) + np.abs(cv2.Sobel(picture, cv2.CV_16S, 0, 1)))


def _stands_still(before: U8, change: U8, background: BoolMatrix) -> bool:
    """Whether most of the background's edges stay where they are, or there are too few to tell."""
    steepness = _steepness(before)
    edges = (steepness > 8 * _EDGE) & background
    count = int(np.count_nonzero(edges))
    moved = change.astype(np.int16) * np.int16(round(8 / _STILL_PX)) > steepness
    return count < _FEWEST_EDGES or 2 * int(np.count_nonzero(moved & edges)) < count


def _common_motion(before: U8, after: U8, background: BoolMatrix) -> F64 | None:
    """The similarity [2, 3], in pixels of the small pictures, that most corners of the background agree on."""
    corners = _corners(before, background)
    if len(corners) < _FEWEST_AGREE:
        return None
    window = (_WINDOW_PX, _WINDOW_PX)
    moved, followed, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, np.empty(0), winSize=window, maxLevel=_LEVELS)
    good = followed.ravel() > 0
    if np.count_nonzero(good) < _FEWEST_AGREE:
        return None
    matrix, agree = cv2.estimateAffinePartial2D(corners[good], moved[good], ransacReprojThreshold=_INLIER_PX)
    if matrix is None or np.count_nonzero(agree) < max(_FEWEST_AGREE, _LEAST_SHARE * len(agree)):
        return None
    return np.asarray(matrix, np.float64)


def _corners(picture: U8, background: BoolMatrix) -> F32:
    """The best corner of each cell of a grid that has any, float32 [N, 1, 2] x, y."""
    side = max(4, max(picture.shape) // _CELLS)
    strength = cv2.cornerMinEigenVal(picture, 3) * background
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    cells = strength[: rows * side, : columns * side].reshape(rows, side, columns, side).swapaxes(1, 2)
    cells = cells.reshape(rows, columns, side * side)
    best = cells.argmax(axis=2)
    row, column = np.nonzero(cells.max(axis=2) > _CORNER)
    inner = best[row, column]
    return np.stack([column * side + inner % side, row * side + inner // side], 1).astype(np.float32)[:, None]


def _explains(matrix: F64, before: U8, after: U8, background: BoolMatrix) -> bool:
    """Whether the picture before, moved so, is much more like the one after than it is as it stands."""
    edges = (_steepness(after) > 8 * _EDGE) & background
    moved = cv2.warpAffine(before, matrix, before.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    left, whole = (np.minimum(cv2.absdiff(picture, after)[edges], _MOST_CHANGE).sum() for picture in (moved, before))
    return bool(left < _LEFT_OVER * whole)
