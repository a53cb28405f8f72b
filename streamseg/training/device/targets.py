"""Device scenes -> what the network should say: the Batch of training/targets.py, made for all scenes at once."""

import torch
import torch.nn.functional as F
from torch import Tensor

from streamseg.inference.strides import SEMANTIC_STRIDE, STRIDES
from streamseg.training.device.data import Kind
from streamseg.training.device.maps import highest, said
from streamseg.training.device.scenes import DeviceScenes
from streamseg.training.device.things import DeviceThings
from streamseg.training.targets import AMBIGUOUS, LEVEL_SPLIT_PX, Batch


def targets(scenes: DeviceScenes, things: DeviceThings, view: Tensor, motion: Tensor | None) -> Batch:
    """The batch of scenes as the network is shown them: view uint8 [B, 3, S, S], motion uint8 [B, S/4, S/4] or None."""
    longest = (things.box[:, 2:] - things.box[:, :2]).amax(1)
    level = (longest > LEVEL_SPLIT_PX).long()
    share = longest / LEVEL_SPLIT_PX
    near_split = (share >= AMBIGUOUS[0]) & (share <= AMBIGUOUS[1])
    valid, region = _tables(scenes, things)
    sure = _pooled(valid, scenes.shown)
    heats, weights, cell = [], [], torch.zeros_like(things.centre, dtype=torch.int64)
    for index, stride in enumerate(STRIDES):
        # means of means: 4 divides every stride
        known = F.avg_pool2d(sure, stride // SEMANTIC_STRIDE)
        weight = (known.mul(255).round() > 250).float()
        own = level == index
        heat, weight, cells = _level(things, own, near_split & ~own, weight, stride)
        heats.append(heat)
        weights.append(weight)
        cell = torch.where(own[:, None], cells, cell)
    return Batch(
        view=view,
        heat=tuple(heats),
        weight=tuple(weights),
        image=things.image,
        level=level,
        cell=cell,
        box=things.box.float(),
        mask=things.mask,
        has_mask=things.has_mask,
        identity=things.identity,
        semantic=_pooled(region, scenes.shown).mul(255).round().to(torch.uint8),
        semantic_weight=_semantic_weight(scenes, things, valid | region, region),
        motion=motion,
    )


def _tables(scenes: DeviceScenes, things: DeviceThings) -> tuple[Tensor, Tensor]:
    """By name and class, bool [B, NAMES, C]: whether its pixels are known to be none or an object of it; are of it."""
    classes = torch.arange(scenes.known.shape[1], device=scenes.known.device)
    its_own = scenes.label[..., None] == classes
    crowd = scenes.kind == Kind.CROWD
    valid = ~(its_own & (crowd | things.unclear)[..., None])
    unmarked = (scenes.kind == Kind.UNMARKED)[..., None]
    return torch.where(unmarked, scenes.known[:, None], valid), its_own & (crowd | things.kept)[..., None]


def _pooled(table: Tensor, shown: Tensor) -> Tensor:
    """The share of a cell's pixels for which a table [B, NAMES, C] holds: float32 [B, C, S/4, S/4], class by class.

    All classes at once would take the memory of as many pictures.
    """
    planes = [said(one, shown).float()[:, None] for one in table.unbind(-1)]
    return torch.cat([F.avg_pool2d(plane, SEMANTIC_STRIDE) for plane in planes], 1)


def _level(
    things: DeviceThings, own: Tensor, other: Tensor, weight: Tensor, stride: int
) -> tuple[Tensor, Tensor, Tensor]:
    """One level's heat and weight [B, C, h, w] and every thing's cell [N, 2] y, x.

    own [N]: the things that it should find; other: those that it may find. weight [B, C, h, w]: what is known.
    """
    side, plane = weight.shape[-1], things.image * weight.shape[1] + things.label
    cell = (things.centre / stride).clamp(0, side - 1).long()
    peak = _peaks(things.box, cell, stride, side)
    mine = own[:, None, None]
    place = torch.arange(side, device=cell.device)
    middle = (place == cell[:, 1:])[:, :, None] & (place == cell[:, :1])[:, None]
    heat, hidden, centres = (
        highest(maps.float(), plane, weight.shape[:2].numel()).view_as(weight)
        for maps in (peak * mine, (peak > 0.2) & other[:, None, None], middle & mine)
    )
    return heat, torch.maximum(weight * (1 - hidden), centres), cell.flip(1)


def _peaks(box: Tensor, cell: Tensor, stride: int, side: int) -> Tensor:
    """Peaks float32 [N, side, side] of 1 at the cells [N, 2] x, y, as wide as training/targets.py makes them."""
    place = torch.arange(side, device=box.device)
    sigma = (0.09 * (box[:, 2:] - box[:, :2]) / stride).clamp(min=0.5).float()
    x, y = (torch.exp(-((place - cell[:, i, None]) ** 2) / (2 * sigma[:, i, None] ** 2)) for i in (0, 1))
    peak = y[:, :, None] * x[:, None]
    return peak * (peak >= 0.01)


def _semantic_weight(scenes: DeviceScenes, things: DeviceThings, sure: Tensor, region: Tensor) -> Tensor:
    """uint8 [B, C, S/4, S/4]: where the class regions are known; not in boxes whose objects have no mask."""
    middle = slice(SEMANTIC_STRIDE // 2, None, SEMANTIC_STRIDE)
    shown = scenes.shown[:, middle, middle]
    known, solid = (torch.stack([said(one, shown) for one in table.unbind(-1)], 1) for table in (sure, region))
    place = torch.arange(shown.shape[1], device=shown.device) * SEMANTIC_STRIDE + SEMANTIC_STRIDE // 2
    x0, y0, x1, y1 = things.box[things.masked :].long()[..., None].unbind(1)
    inside = ((place >= y0) & (place < y1))[:, :, None] & ((place >= x0) & (place < x1))[:, None]
    plane = (things.image * known.shape[1] + things.label)[things.masked :]
    boxed = highest(inside.float(), plane, known.shape[:2].numel()).view_as(known) > 0
    return (known & ~boxed | solid).to(torch.uint8)
