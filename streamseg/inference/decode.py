"""What the network says of one view -> Instances in frame pixels: peaks, boxes, masks mixed from prototypes. NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from streamseg.geometry import Letterbox, SoftMask, box_iou
from streamseg.inference.appearance import looks
from streamseg.inference.ports import LEVEL_KINDS
from streamseg.inference.strides import APPEARANCE_STRIDE, MASK_STRIDE, STRIDES
from streamseg.records import Instances

F32 = npt.NDArray[np.float32]
THIN_BIAS = 0.25
"""Added to every mask's logits: limbs as thin as a cell are doubted more than they should be. Chosen on held-out
pictures and streets (docs/training.md)."""
DUPLICATE_IOU = 0.55
"""Two peaks of one class whose masks overlap by more are one object seen twice (on two strides, or in two parts)."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """Candidates in view pixels, best first: score [N], label [N], box [N, 4] x0, y0, x1, y1, mix [N, M]."""

    score: F32
    label: npt.NDArray[np.int32]
    box: F32
    mix: F32

    def take(self, rows: Sequence[int]) -> "Peaks":
        """Some of them, in the order given."""
        index = np.array(rows, np.int64)
        return Peaks(self.score[index], self.label[index], self.box[index], self.mix[index])


def decode(outputs: Sequence[F32], fit: Letterbox, *, floor: float, most: int) -> Instances:
    """One view's outputs (Deployed's, without the batch axis) to objects of at least floor, at most `most` of them."""
    *levels, prototypes = outputs
    bins = levels.pop() if len(levels) > len(LEVEL_KINDS) * len(STRIDES) else None
    peaks = _find_peaks(levels, fit.view_hw, floor=floor, most=most)
    if len(peaks.score) == 0:
        return Instances.none()
    # which candidates stay, and what they look like, every second cell tells; only those that stay are mixed in full
    rough, cells = _masks(prototypes[:, ::2, ::2], peaks, APPEARANCE_STRIDE)
    peaks = replace(peaks, score=peaks.score * np.array([_certainty(mask) for mask in rough], np.float32))
    rows = _distinct(peaks, rough, cells, floor=floor)
    kept = peaks.take(rows)
    appearance = None if bins is None else looks(bins, [rough[i] for i in rows], cells[rows], kept.box)
    masks, cells = _masks(prototypes, kept, MASK_STRIDE)
    boxes = _clip(fit.undo(kept.box), fit)
    soft = tuple(_soft_mask(mask, cell, fit) for mask, cell in zip(masks, cells, strict=True))
    return Instances(boxes, kept.score, kept.label, soft, appearance)


def _find_peaks(levels: Sequence[F32], view_hw: tuple[int, int], *, floor: float, most: int) -> Peaks:
    parts, kinds = [], len(LEVEL_KINDS)
    for i, stride in enumerate(STRIDES):
        heat, box, mix = levels[kinds * i : kinds * (i + 1)]
        label, y, x = np.nonzero(heat >= floor)
        centre = np.stack([x + 0.5, y + 0.5], 1) * stride
        distance = box[:, y, x].T
        corners = np.concatenate([centre - distance[:, :2], centre + distance[:, 2:]], 1)
        parts.append((heat[label, y, x], label, corners, mix[:, y, x].T))
    score, label, corners, mix = (np.concatenate(part) for part in zip(*parts, strict=True))
    best = np.argsort(-score, kind="stable")[:most]
    corners = np.clip(corners[best], 0, np.array([view_hw[1], view_hw[0]] * 2))
    return Peaks(score[best], label[best].astype(np.int32), corners.astype(np.float32), mix[best])


def _masks(prototypes: F32, peaks: Peaks, stride: int) -> tuple[list[F32], npt.NDArray[np.int64]]:
    """Each candidate's mask [h, w] (0..1) and the cells [N, 4] of the prototypes that it lies on."""
    cells = _cells(peaks.box, prototypes.shape[1:], stride)
    rows = zip(peaks.mix, peaks.box / stride, cells, strict=True)
    return [_mix(prototypes, *row) for row in rows], cells


def _cells(box: F32, map_hw: tuple[int, ...], stride: int) -> npt.NDArray[np.int64]:
    """The prototype cells that each box covers: x0, y0, x1, y1, at least one cell."""
    limit = np.array([map_hw[1], map_hw[0]])
    low = np.clip(np.floor(box[:, :2] / stride), 0, limit - 1)
    high = np.clip(np.ceil(box[:, 2:] / stride), low + 1, limit)
    return np.concatenate([low, high], 1).astype(np.int64)


def _mix(prototypes: F32, mix: F32, box: F32, cell: npt.NDArray[np.int64]) -> F32:
    """Probability [h, w] of an object's mask on its cells: prototypes and position, mixed by its coefficients.

    box: x0, y0, x1, y1 in cells, not rounded.
    """
    x0, y0, x1, y1 = cell
    part = prototypes[:, y0:y1, x0:x1]
    kinds = len(part)
    logits = np.tensordot(mix[:kinds], part, 1) + np.float32(THIN_BIAS)
    u = _across(np.arange(x0, x1), box[0::2])[None, :]
    v = _across(np.arange(y0, y1), box[1::2])[:, None]
    one, by_u, by_v, by_uu, by_vv, by_uv = mix[kinds:]
    logits += one + (by_u + by_uu * u) * u + (by_v + by_vv * v) * v + by_uv * (u * v)
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)


def _across(cells: npt.NDArray[np.int64], ends: npt.NDArray[np.floating]) -> F32:
    """Where the middles of cells lie between two ends, from -1 to 1, at most twice that."""
    low, high = ends
    return np.clip((2 * (cells + 0.5) - low - high) / max(high - low, 1), -2, 2).astype(np.float32)


def _certainty(mask: F32) -> float:
    """How sure a mask is of its own inside: the mean probability where it is above one half (0..1).

    Wang et al. 2020, "SOLOv2", sec. 3.2 (maskness): unsure masks belong to wrong peaks.
    """
    inside = mask[mask > 0.5]
    return float(inside.mean()) if inside.size else 0.0


def _distinct(peaks: Peaks, masks: list[F32], cells: npt.NDArray[np.int64], *, floor: float) -> list[int]:
    """Best first, without those whose mask a better one of their class already covers."""
    overlap = box_iou(peaks.box, peaks.box)
    kept: list[int] = []
    for i in np.argsort(-peaks.score, kind="stable"):
        if peaks.score[i] < floor:
            break
        rivals = [k for k in kept if peaks.label[k] == peaks.label[i] and overlap[k, i] > 0.2]
        if all(_cell_iou(masks[i], cells[i], masks[k], cells[k]) < DUPLICATE_IOU for k in rivals):
            kept.append(int(i))
    return kept


def _cell_iou(a: F32, cell_a: npt.NDArray[np.int64], b: F32, cell_b: npt.NDArray[np.int64]) -> float:
    low, high = np.maximum(cell_a[:2], cell_b[:2]), np.minimum(cell_a[2:], cell_b[2:])
    if np.any(high <= low):
        return 0.0
    part_a, part_b = (
        mask[low[1] - cell[1] : high[1] - cell[1], low[0] - cell[0] : high[0] - cell[0]] > 0.5
        for mask, cell in ((a, cell_a), (b, cell_b))
    )
    inter = np.count_nonzero(part_a & part_b)
    union = np.count_nonzero(a > 0.5) + np.count_nonzero(b > 0.5) - inter
    return inter / union if union else 0.0


def _clip(boxes: F32, fit: Letterbox) -> F32:
    """Boxes cut off at the region that the view shows."""
    width, height = fit.content_hw[1] / fit.scale_xy[0], fit.content_hw[0] / fit.scale_xy[1]
    x0, y0 = fit.origin_xy
    low, high = np.array([x0, y0] * 2), np.array([x0 + width, y0 + height] * 2)
    return np.clip(boxes, low, high).astype(np.float32)


def _soft_mask(mask: F32, cell: npt.NDArray[np.int64], fit: Letterbox) -> SoftMask:
    x0, y0, x1, y1 = fit.undo(cell * float(MASK_STRIDE)).tolist()
    return SoftMask(np.rint(mask * 255).astype(np.uint8), (x0, y0, x1, y1))
