"""Scenes -> what the network should say: heatmaps, positive cells, masks, semantic maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamseg.inference.strides import SEMANTIC_STRIDE, STRIDES
from streamseg.training.scene import Scene, Thing

F32 = npt.NDArray[np.float32]
LEVEL_SPLIT_PX = 96
"""Objects up to this long side belong to the fine level, larger ones to the coarse one."""
AMBIGUOUS = (0.67, 1.33)
"""Objects within this share of the split are neither wanted nor punished on the other level."""


@dataclass(slots=True)
class Batch:
    """A batch of scenes as tensors; N objects in all.

    view: uint8 [B, 3, S, S]. heat[l], weight[l]: float32 [B, C, h, w] wanted heatmap and how much each cell counts.
    image, level: int64 [N]; cell: int64 [N, 2] y, x of the centre; box: float32 [N, 4] px; mask: uint8 [N, S, S]
    0/1; has_mask: bool [N]; identity: int64 [N], see scene.py; semantic, semantic_weight: uint8 [B, C, S/4, S/4] 0..255
    and 0/1. motion: uint8 [B, S/4, S/4] or None.
    """

    view: Tensor
    heat: tuple[Tensor, ...]
    weight: tuple[Tensor, ...]
    image: Tensor
    level: Tensor
    cell: Tensor
    box: Tensor
    mask: Tensor
    has_mask: Tensor
    identity: Tensor
    semantic: Tensor
    semantic_weight: Tensor
    motion: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        moved = {name: getattr(self, name) for name in self.__slots__}
        for name, value in moved.items():
            if value is not None:
                moved[name] = tuple(t.to(device) for t in value) if isinstance(value, tuple) else value.to(device)
        return Batch(**moved)


def make_batch(scenes: Sequence[Scene]) -> Batch:
    """Stack scenes of one size into a batch."""
    heats: list[list[F32]] = [[] for _ in STRIDES]
    weights: list[list[F32]] = [[] for _ in STRIDES]
    rows: list[tuple[int, int, int, int]] = []
    boxes, masks, known, identities = [], [], [], []
    side = scenes[0].rgb.shape[0]
    no_mask = np.zeros((side, side), np.uint8)
    for i, scene in enumerate(scenes):
        heat, weight = _empty_maps(scene)
        for thing in scene.things:
            level, cy, cx = _mark(thing, heat, weight)
            rows.append((i, level, cy, cx))
            boxes.append(thing.box)
            masks.append(no_mask if thing.mask is None else thing.mask)
            known.append(thing.mask is not None)
            identities.append(thing.identity)
        for level in range(len(STRIDES)):
            heats[level].append(heat[level])
            weights[level].append(weight[level])
    index = torch.tensor(rows, dtype=torch.int64).reshape(-1, 4)
    semantic, semantic_weight = zip(*map(_semantic, scenes), strict=True)
    motion = [scene.motion for scene in scenes if scene.motion is not None]
    return Batch(
        view=torch.from_numpy(np.stack([s.rgb for s in scenes])).permute(0, 3, 1, 2),
        heat=tuple(torch.from_numpy(np.stack(maps)) for maps in heats),
        weight=tuple(torch.from_numpy(np.stack(maps)) for maps in weights),
        image=index[:, 0],
        level=index[:, 1],
        cell=index[:, 2:],
        box=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        mask=torch.from_numpy(np.stack(masks)) if masks else torch.zeros((0, side, side), dtype=torch.uint8),
        has_mask=torch.tensor(known, dtype=torch.bool),
        identity=torch.tensor(identities, dtype=torch.int64),
        semantic=torch.from_numpy(np.stack(semantic)),
        semantic_weight=torch.from_numpy(np.stack(semantic_weight)),
        motion=torch.from_numpy(np.stack(motion)) if motion else None,
    )


def _empty_maps(scene: Scene) -> tuple[list[F32], list[F32]]:
    size = scene.rgb.shape[0]
    heat, weight = [], []
    for stride in STRIDES:
        side = size // stride
        heat.append(np.zeros((len(scene.valid), side, side), np.float32))
        small = [cv2.resize(v * 255, (side, side), interpolation=cv2.INTER_AREA) for v in scene.valid]
        weight.append((np.stack(small) > 250).astype(np.float32))
    return heat, weight


def _mark(thing: Thing, heat: list[F32], weight: list[F32]) -> tuple[int, int, int]:
    """Draw a thing's peak; returns its level and centre cell."""
    longest = max(thing.box[2] - thing.box[0], thing.box[3] - thing.box[1])
    own = 0 if longest <= LEVEL_SPLIT_PX else 1
    near_split = AMBIGUOUS[0] <= longest / LEVEL_SPLIT_PX <= AMBIGUOUS[1]
    centre = _centre(thing)
    for level, stride in enumerate(STRIDES):
        if level != own and not near_split:
            continue
        peak, cy, cx = _gaussian(thing.box, centre, stride, heat[level].shape[1])
        if level == own:
            np.maximum(heat[level][thing.label], peak, out=heat[level][thing.label])
            weight[level][thing.label, cy, cx] = 1
            place = level, cy, cx
        else:
            weight[level][thing.label][peak > 0.2] = 0
    return place


def _centre(thing: Thing) -> tuple[float, float]:
    """Where the peak stands: the visible mask's centre of mass, or the middle of a box without mask."""
    if thing.mask is None:
        return (thing.box[0] + thing.box[2]) / 2, (thing.box[1] + thing.box[3]) / 2
    moments = cv2.moments(thing.mask, binaryImage=True)
    return moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5


def _gaussian(
    box: tuple[float, float, float, float], centre: tuple[float, float], stride: int, side: int
) -> tuple[F32, int, int]:
    """A peak of 1 at the centre's cell, as wide as the object is (sigma 0.09 of its sides, at least half a cell)."""
    cx, cy = (int(np.clip(c / stride, 0, side - 1)) for c in centre)
    sx = max(0.09 * (box[2] - box[0]) / stride, 0.5)
    sy = max(0.09 * (box[3] - box[1]) / stride, 0.5)
    cells = np.arange(side, dtype=np.float32)
    peak = np.outer(np.exp(-((cells - cy) ** 2) / (2 * sy * sy)), np.exp(-((cells - cx) ** 2) / (2 * sx * sx)))
    peak[peak < 0.01] = 0
    return peak.astype(np.float32), cy, cx


def _semantic(scene: Scene) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Class regions, crowds included; unknown where a box without mask or an incomplete class leaves doubt."""
    region, valid = scene.crowd.copy(), scene.valid | scene.crowd
    for thing in scene.things:
        if thing.mask is None:
            x0, y0, x1, y1 = (int(v) for v in thing.box)
            valid[thing.label, y0:y1, x0:x1] = 0
        else:
            region[thing.label] |= thing.mask
            valid[thing.label] |= thing.mask
    side = scene.rgb.shape[0] // SEMANTIC_STRIDE
    small = [cv2.resize(r * 255, (side, side), interpolation=cv2.INTER_AREA) for r in region]
    middle = slice(SEMANTIC_STRIDE // 2, None, SEMANTIC_STRIDE)
    return np.stack(small), np.ascontiguousarray(valid[:, middle, middle])
