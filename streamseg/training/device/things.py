"""What of each object is seen in scenes, counted from the names their pixels bear."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamseg.training.device.chance import put
from streamseg.training.device.data import NAMES, Kind
from streamseg.training.device.scenes import DeviceScenes

I64 = npt.NDArray[np.int64]

_LEAST_PX = 24
"""Objects of which fewer pixels are seen are neither wanted nor punished, and pasted ones are nothing at all."""
_LEAST_SHARE = 5
"""Where something was pasted, the same holds of what is left by less than one in so many pixels."""


@dataclass(frozen=True, slots=True)
class DeviceThings:
    """N objects of scenes, those with a mask first, in the scenes' order.

    image, label, identity: int64 [N]; box: float64 [N, 4] px; centre: float64 [N, 2] x, y; mask: uint8 [N, S, S] 0/1;
    has_mask: bool [N]. By name, bool [B, NAMES]: kept, which of them are among the N; unclear, whose pixels may or may
    not count as an object of their class. On the host, scene: int64 [N], the same as image; masked: how many have a
    mask; name: int64 [masked].
    """

    image: Tensor
    label: Tensor
    identity: Tensor
    box: Tensor
    centre: Tensor
    mask: Tensor
    has_mask: Tensor
    kept: Tensor
    unclear: Tensor
    scene: I64
    masked: int
    name: I64


@dataclass(frozen=True, slots=True)
class Extent:
    """By name: pixels int64 [B, NAMES]; box: int64 [B, NAMES, 4]; centre: float64 [B, NAMES, 2] x, y."""

    pixels: Tensor
    box: Tensor
    centre: Tensor


def things_of(scenes: DeviceScenes) -> DeviceThings:
    """Waits once for the device, to learn how many there are."""
    extent = extent_of(scenes.shown)
    kept, unclear = _judged(scenes, extent.pixels)
    image, name = kept.nonzero(as_tuple=True)
    at = image, name
    mask = (scenes.shown[image] == name.to(torch.uint8)[:, None, None]).to(torch.uint8)
    boxes = put(scenes.boxes, mask.device)
    named = torch.stack(at).cpu().numpy()
    middle = (boxes[:, 3:5] + boxes[:, 5:]) / 2
    has_mask = torch.ones(len(image) + len(boxes), dtype=torch.bool, device=mask.device)
    has_mask[len(image) :] = False
    return DeviceThings(
        torch.cat([image, boxes[:, 0].long()]),
        torch.cat([scenes.label[at], boxes[:, 1].long()]),
        torch.cat([scenes.identity[at], boxes[:, 2].long()]),
        torch.cat([extent.box[at].double(), boxes[:, 3:]]),
        torch.cat([extent.centre[at], middle]),
        torch.cat([mask, mask.new_zeros((len(boxes), *mask.shape[1:]))]),
        has_mask,
        kept,
        unclear,
        np.concatenate([named[0], scenes.boxes[:, 0].astype(np.int64)]),
        len(image),
        named[1],
    )


def extent_of(shown: Tensor) -> Extent:
    """How much of each name is seen, and where; from how often it stands in each row and column."""
    rows, columns = _counts(shown), _counts(shown.transpose(1, 2))
    pixels = rows.sum(-1)
    place = torch.arange(shown.shape[1], device=shown.device)
    bounds, centre = [], []
    for counts in (columns, rows):
        there = counts > 0
        bounds.append(place.expand_as(counts).masked_fill(~there, len(place)).amin(-1))
        bounds.append((place + 1).expand_as(counts).masked_fill(~there, 0).amax(-1))
        centre.append((counts * place).sum(-1).double() / pixels.clamp(min=1) + 0.5)
    x0, x1, y0, y1 = bounds
    return Extent(pixels, torch.stack([x0, y0, x1, y1], -1), torch.stack(centre, -1))


def _counts(shown: Tensor) -> Tensor:
    """How often each name stands in each row: int32 [B, NAMES, S]."""
    images, side = shown.shape[:2]
    table = torch.zeros((images, NAMES * side), dtype=torch.int32, device=shown.device)
    row = torch.arange(side, device=shown.device)[:, None]
    where = (shown.long() * side + row).flatten(1)
    table.scatter_add_(1, where, table.new_ones(()).expand_as(where))
    return table.view(images, NAMES, side)


def _judged(scenes: DeviceScenes, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Which names are objects to be found, and which are unclear: bool [B, NAMES] each."""
    own, pasted = scenes.kind == Kind.OBJECT, (scenes.kind == Kind.PASTED) & (scenes.area >= _LEAST_PX)
    hidden = (pixels < scenes.area // _LEAST_SHARE) & scenes.pasted[:, None]
    kept = (own | pasted) & (pixels >= _LEAST_PX) & ~hidden
    return kept, (own | pasted) & ~kept
