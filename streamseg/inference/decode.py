"""What the network says of one view -> Instances in frame pixels: peaks, boxes, masks mixed from prototypes. NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from streamseg.geometry import Letterbox, SoftMask, box_iou
from streamseg.inference.appearance import looks
from streamseg.inference.mixing import Masks, mix_masks
from streamseg.inference.ports import LEVEL_KINDS
from streamseg.inference.strides import APPEARANCE_STRIDE, MASK_STRIDE, STRIDES
from streamseg.records import Instances

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]
_BLOCK = APPEARANCE_STRIDE // MASK_STRIDE
"""Cells on a side of what the network tells together."""
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
    height, width = prototypes.shape[:2]
    blocks = prototypes.reshape(height, width, _BLOCK, _BLOCK, -1)
    # which candidates stay, and what they look like, one cell of a block tells; only those that stay are mixed in full
    rough = mix_masks(blocks[:, :, :1, :1], peaks.mix, peaks.box / np.float32(APPEARANCE_STRIDE))
    inside = rough.split(rough.values > 0.5)
    peaks = replace(peaks, score=peaks.score * rough.certainty())
    rows = _distinct(peaks, inside, rough.cells, floor=floor)
    kept = peaks.take(rows)
    if len(kept.score) == 0:
        return Instances.none()
    appearance = None if bins is None else looks(bins, [inside[i] for i in rows], rough.cells[rows], kept.box)
    masks = mix_masks(blocks, kept.mix, kept.box / np.float32(MASK_STRIDE))
    return Instances(_clip(fit.undo(kept.box), fit), kept.score, kept.label, _soft_masks(masks, fit), appearance)


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


def _distinct(peaks: Peaks, masks: list[Bits], cells: I64, *, floor: float) -> list[int]:
    """Best first, without those whose mask a better one of their class already covers."""
    near = (box_iou(peaks.box, peaks.box) > 0.2) & (peaks.label[:, None] == peaks.label)
    places, areas = cells.tolist(), [np.count_nonzero(mask) for mask in masks]
    kept: list[int] = []
    for i in np.argsort(-peaks.score, kind="stable").tolist():
        if peaks.score[i] < floor:
            break
        for k in kept:
            if near[i, k]:
                common = _common(masks[i], places[i], masks[k], places[k])
                if common >= DUPLICATE_IOU * max(1, areas[i] + areas[k] - common):
                    break
        else:
            kept.append(i)
    return kept


def _common(a: Bits, place_a: list[int], b: Bits, place_b: list[int]) -> int:
    """Cells that two masks share."""
    x0, y0 = max(place_a[0], place_b[0]), max(place_a[1], place_b[1])
    x1, y1 = min(place_a[2], place_b[2]), min(place_a[3], place_b[3])
    if x1 <= x0 or y1 <= y0:
        return 0
    part_a, part_b = (
        mask[y0 - place[1] : y1 - place[1], x0 - place[0] : x1 - place[0]]
        for mask, place in ((a, place_a), (b, place_b))
    )
    return int(np.count_nonzero(part_a & part_b))


def _clip(boxes: F32, fit: Letterbox) -> F32:
    """Boxes cut off at the region that the view shows."""
    width, height = fit.content_hw[1] / fit.scale_xy[0], fit.content_hw[0] / fit.scale_xy[1]
    x0, y0 = fit.origin_xy
    low, high = np.array([x0, y0] * 2), np.array([x0 + width, y0 + height] * 2)
    return np.clip(boxes, low, high).astype(np.float32)


def _soft_masks(masks: Masks, fit: Letterbox) -> tuple[SoftMask, ...]:
    alphas = masks.split(np.rint(masks.values * 255).astype(np.uint8))
    boxes = fit.undo(masks.cells * float(MASK_STRIDE)).tolist()
    return tuple(SoftMask(alpha, tuple(box)) for alpha, box in zip(alphas, boxes, strict=True))
