"""Boxes, letterbox and its inverse, soft masks and COCO run lengths: pure NumPy and OpenCV, no state.

Boxes are float x0, y0, x1, y1 with (0, 0) the outer corner of the first pixel.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Box = tuple[float, float, float, float]

_MOST_PIXELS = 64_000_000
_MOST_SHIFT = 60


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Maps a region of the frame into the network's view, keeping its shape, and back.

    view = (frame - origin) * scale + pad, in pixels, x and y alike; content_hw is what the region fills of the view.
    """

    view_hw: tuple[int, int]
    content_hw: tuple[int, int]
    scale_xy: tuple[float, float]
    origin_xy: tuple[float, float]
    pad_xy: tuple[float, float]

    @classmethod
    def fit(
        cls,
        region: tuple[int, int, int, int],
        view_hw: tuple[int, int],
        aspect: float = 1.0,
        *,
        most_scale: float = math.inf,
    ) -> "Letterbox":
        """Fit region (x0, y0, x1, y1, whole frame pixels) into the view, centred; aspect is pixel width / height.

        most_scale: where the region is small, it fills the view only as far as that.
        """
        x0, y0, x1, y1 = region
        width, height = (x1 - x0) * aspect, float(y1 - y0)
        scale = min(view_hw[1] / width, view_hw[0] / height, most_scale)
        content = max(1, round(height * scale)), max(1, round(width * scale))
        pad = float((view_hw[1] - content[1]) // 2), float((view_hw[0] - content[0]) // 2)
        scale_xy = content[1] / (x1 - x0), content[0] / (y1 - y0)
        return cls(view_hw, content, scale_xy, (float(x0), float(y0)), pad)

    def apply(self, points: npt.ArrayLike) -> F32:
        """Frame pixels [..., 2] (or boxes [..., 4]) to view pixels."""
        scale, shift = self._affine(np.shape(points)[-1])
        return (np.asarray(points, np.float32) * scale + shift).astype(np.float32)

    def undo(self, points: npt.ArrayLike) -> F32:
        """View pixels [..., 2] (or boxes [..., 4]) to frame pixels."""
        scale, shift = self._affine(np.shape(points)[-1])
        return ((np.asarray(points, np.float32) - shift) / scale).astype(np.float32)

    def _affine(self, n: int) -> tuple[F32, F32]:
        scale = np.asarray(self.scale_xy, np.float32)
        shift = np.asarray(self.pad_xy, np.float32) - scale * np.asarray(self.origin_xy, np.float32)
        return np.tile(scale, n // 2), np.tile(shift, n // 2)


@dataclass(frozen=True, slots=True)
class SoftMask:
    """A soft mask at the network's own resolution: alpha uint8 [h, w] spread over box (float frame pixels)."""

    alpha: U8
    box: Box

    def on(self, crop: tuple[int, int, int, int]) -> U8:
        """Resample to whole frame pixels: uint8 [y1 - y0, x1 - x0] of crop (x0, y0, x1, y1), 0 outside the box."""
        import cv2  # here: every module imports the records, and with them this file; the command must start quickly

        x0, y0, x1, y1 = crop
        placed = np.zeros((max(0, y1 - y0), max(0, x1 - x0)), np.uint8)
        # the pixels whose centre lies in the box
        left, top = (max(low, math.ceil(edge - 0.5)) for low, edge in ((x0, self.box[0]), (y0, self.box[1])))
        right, bottom = (min(high, math.ceil(edge - 0.5)) for high, edge in ((x1, self.box[2]), (y1, self.box[3])))
        if right <= left or bottom <= top or self.alpha.size == 0:
            return placed
        height, width = self.alpha.shape
        step_x, step_y = (self.box[2] - self.box[0]) / width, (self.box[3] - self.box[1]) / height
        # frame x + 0.5 lies at mask column (x + 0.5 - box x0) / step - 0.5
        matrix = np.array(
            [
                [1 / step_x, 0, (left + 0.5 - self.box[0]) / step_x - 0.5],
                [0, 1 / step_y, (top + 0.5 - self.box[1]) / step_y - 0.5],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = right - left, bottom - top
        # repeated at its border, or an object cut off by the picture's edge would fade out there
        part = cv2.warpAffine(self.alpha, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        placed[top - y0 : bottom - y0, left - x0 : right - x0] = part
        return placed


def cover(box: Box, size_hw: tuple[int, int], margin: float = 0.0, even: bool = False) -> tuple[int, int, int, int]:
    """The whole pixels that box covers, grown by margin (a share of its longer side), inside the frame.

    With even, x0 and y0 are rounded down to even numbers, where chroma samples begin.
    """
    grow = margin * max(box[2] - box[0], box[3] - box[1])
    x0, y0 = max(0, math.floor(box[0] - grow)), max(0, math.floor(box[1] - grow))
    x1 = min(size_hw[1], math.ceil(box[2] + grow))
    y1 = min(size_hw[0], math.ceil(box[3] + grow))
    if even:
        x0, y0 = x0 & ~1, y0 & ~1
    return x0, y0, max(x0, x1), max(y0, y1)


def box_iou(a: npt.ArrayLike, b: npt.ArrayLike) -> F32:
    """Intersection over union of boxes [N, 4] and [M, 4]: float32 [N, M] in 0..1; 0 where both are empty."""
    a, b = np.asarray(a, np.float32).reshape(-1, 4), np.asarray(b, np.float32).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.prod(np.clip(high - low, 0, None), axis=-1)
    area_a, area_b = box_area(a), box_area(b)
    union = area_a[:, None] + area_b[None, :] - inter
    return np.where(union > 0, inter / np.maximum(union, 1e-9), 0).astype(np.float32)


def box_area(boxes: npt.ArrayLike) -> F32:
    """Areas of boxes [N, 4] in square pixels, 0 for boxes turned inside out."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=-1).astype(np.float32)


def mask_iou(a: SoftMask, b: SoftMask, grid: int = 32) -> float:
    """Intersection over union of two soft masks, sampled on a grid of about grid x grid over their common hull."""
    low = np.minimum(a.box[:2], b.box[:2])
    high = np.maximum(a.box[2:], b.box[2:])
    if np.any(np.minimum(a.box[2:], b.box[2:]) <= np.maximum(a.box[:2], b.box[:2])):
        return 0.0
    scale = grid / max(float(np.max(high - low)), 1e-6)
    crop = (0, 0, max(1, int(np.ceil((high[0] - low[0]) * scale))), max(1, int(np.ceil((high[1] - low[1]) * scale))))
    first, second = (_rescaled(m, low, scale).on(crop) > 127 for m in (a, b))
    union = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / union) if union else 0.0


def _rescaled(mask: SoftMask, low: npt.NDArray[np.floating], scale: float) -> SoftMask:
    x0, y0, x1, y1 = mask.box
    moved = (x0 - low[0]) * scale, (y0 - low[1]) * scale, (x1 - low[0]) * scale, (y1 - low[1]) * scale
    return SoftMask(mask.alpha, moved)


def rle_encode(mask: npt.NDArray[np.bool_] | U8) -> str:
    """COCO's compressed run-length string of a binary mask [h, w]."""
    return rle_encode_all([mask])[0]


def rle_encode_all(masks: Sequence[npt.NDArray[np.bool_] | U8]) -> list[str]:
    """COCO's compressed run-length string of each of some binary masks [h, w], made of the runs of all at once.

    Format: cocodataset/cocoapi maskApi.c, rleToString: runs in column order, the first one of zeros; from the fourth on
    the difference to the run two before; five bits a character from '0' (48), bit 32 says that more follow.
    """
    some = [mask for mask in masks if mask.size]
    if not some:
        return [""] * len(masks)
    runs, firsts = _runs(some)
    left = runs.copy()
    left[2:] -= runs[:-2]
    heads = (firsts[:-1, None] + np.arange(3))[np.arange(3) < np.diff(firsts)[:, None]]
    left[heads] = runs[heads]
    chars, lengths = _characters(left)
    ends = np.concatenate([[0], np.cumsum(lengths)])[firsts].tolist()
    texts = (chars[begin:end] for begin, end in itertools.pairwise(ends))
    return [next(texts) if mask.size else "" for mask in masks]


def _runs(masks: Sequence[npt.NDArray[np.bool_] | U8]) -> tuple[I64, I64]:
    """Lengths of the runs of N masks, none of them empty, one mask after the other; where each begins [N + 1]."""
    import cv2  # as above

    columns = [cv2.transpose(np.asarray(mask, np.bool_).view(np.uint8)).reshape(-1) for mask in masks]
    flat = np.concatenate(columns)
    starts = np.cumsum([0, *(len(column) for column in columns[:-1])])
    edges = np.empty(len(flat), np.bool_)
    np.not_equal(flat[1:], flat[:-1], out=edges[1:])
    edges[starts] = True
    begins = np.flatnonzero(edges)
    firsts = np.searchsorted(begins, starts)
    # one that begins with a one has no zeros before it
    inside = flat[starts].astype(np.int64)
    runs = np.insert(np.diff(begins, append=len(flat)), firsts[inside > 0], 0)
    firsts += np.cumsum(inside) - inside
    return runs, np.append(firsts, len(runs))


def _characters(left: I64) -> tuple[str, I64]:
    """The characters of some numbers, one after the other, and how many each has; left is used up."""
    chars, there, more = [], [], np.ones(len(left), np.bool_)
    while more.any():
        there.append(more)
        bits = left & 0x1F
        left >>= 5
        more = more & (left != np.where(bits & 0x10, -1, 0))
        chars.append((48 + bits + 0x20 * more).astype(np.uint8))
    used = np.stack(there, 1)
    return np.stack(chars, 1)[used].tobytes().decode("ascii"), np.count_nonzero(used, axis=1)


def rle_decode(counts: str, size_hw: tuple[int, int]) -> U8:
    """The mask (uint8 [h, w], 0 or 1) of a compressed run-length string.

    Raises:
        ValueError: it does not fill size_hw, or that is no size of a picture: at most 64 megapixels.
    """
    if min(size_hw) < 0 or size_hw[0] * size_hw[1] > _MOST_PIXELS:
        raise ValueError(f"a mask of {size_hw[0]} x {size_hw[1]}; allowed are {_MOST_PIXELS // 1_000_000} megapixels")
    runs: list[int] = []
    value = shift = 0
    for char in counts.encode("ascii"):
        bits = char - 48
        if not 0 <= bits < 64:
            raise ValueError(f"run-length string holds {chr(char)!r}; allowed are the characters '0' to 'o'")
        if shift > _MOST_SHIFT:
            raise ValueError("run-length string holds a number longer than 64 bits")
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            value -= (1 << shift) if bits & 0x10 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if any(run < 0 for run in runs) or sum(runs) != size_hw[0] * size_hw[1]:
        raise ValueError(f"run lengths add up to {sum(runs)}, not to {size_hw[0]} x {size_hw[1]} pixels")
    values = np.arange(len(runs), dtype=np.uint8) & 1
    return np.repeat(values, runs).reshape(size_hw, order="F")
