"""What is done to many maps at once, to each in its own way: filtered, moved, drawn as clouds, brought together."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from streamseg.training.device.chance import Chance

_SHARPNESS = -0.75
"""Of the cubic kernel, Keys 1981, "Cubic Convolution Interpolation", eq. 4, as OpenCV has it."""


def said(table: Tensor, shown: Tensor) -> Tensor:
    """What a table [B, names] says of the names that pixels bear: shown uint8 [B, h, w]."""
    return table.gather(1, shown.flatten(1).long()).view(shown.shape)


def luma(rgb: Tensor) -> Tensor:
    """How bright pictures [n, 3, h, w] are: [n, h, w], the weights being BT.601's."""
    return 0.299 * rgb[:, 0] + 0.587 * rgb[:, 1] + 0.114 * rgb[:, 2]


def shrunk(maps: Tensor, by: int) -> Tensor:
    """The means of cells of by x by pixels: maps [n, h, w] to [n, h / by, w / by]."""
    return F.avg_pool2d(maps[:, None], by)[:, 0]


def highest(maps: Tensor, plane: Tensor, planes: int) -> Tensor:
    """The highest of the maps [N, h, w] that belong to each plane, plane int64 [N]: [planes, h, w], 0 without any."""
    flat = maps.flatten(1)
    out = flat.new_zeros((planes, flat.shape[1]))
    out.scatter_reduce_(0, plane[:, None].expand_as(flat), flat, "amax")
    return out.view(planes, *maps.shape[1:])


def filtered(maps: Tensor, kernels: Tensor) -> Tensor:
    """Each of n maps [n, c, h, w] by its own kernel [n, k, l], odd sides; maps are mirrored at their borders."""
    if len(maps) == 0:
        return maps
    rows, columns = kernels.shape[1] // 2, kernels.shape[2] // 2
    padded = F.pad(maps, (columns, columns, rows, rows), mode="reflect")
    return F.conv2d(padded.transpose(0, 1), kernels[:, None], groups=len(maps)).transpose(0, 1)


def blurred(maps: Tensor, sigma: Tensor, most: float) -> Tensor:
    """Each of n maps [n, c, h, w] by a Gaussian of its own standard deviation [n, 1, 1] px, which is at most `most`."""
    radius = round(3 * most)
    place = torch.arange(-radius, radius + 1, device=maps.device)
    bell = torch.exp(-(place**2) / (2 * sigma**2))
    bell = bell / bell.sum(-1, keepdim=True)
    return filtered(filtered(maps, bell), bell.transpose(1, 2))


def moved(maps: Tensor, by: tuple[Tensor, Tensor], *, border: str = "zeros") -> Tensor:
    """Each of n maps [n, h, w] to the right and down by so many pixels [n, 1, 1]."""
    row, column = _grid(maps)
    return _looked_up(maps, row - by[1], column - by[0], border)


def laid_flat(maps: Tensor, foot: Tensor, lean: Tensor, flat: Tensor) -> Tensor:
    """Each of n maps [n, h, w] laid flat about the row of its foot, all [n, 1, 1].

    What is a pixel above that row comes to lie `flat` pixels above it and `lean` to the left.
    """
    row, column = _grid(maps)
    # nothing can be laid so flat that it vanishes
    least = flat.abs().clamp(min=1e-3) * torch.where(flat < 0, -1, 1)
    below = (row - foot) / least
    return _looked_up(maps, foot + below, column - lean * below, "zeros")


def clouds(count: int, side: int, cells: tuple[int, int], chance: Chance) -> Tensor:
    """Smooth noise of about 0..1, coarser or finer, so many cells a side: float32 [count, side, side]."""
    fine = chance.each(math.log(cells[0]), math.log(cells[1]), count).exp().floor()
    cell = torch.arange(cells[1], device=fine.device)
    place = (torch.arange(side, device=fine.device)[:, None] + 0.5) / side * fine - 0.5
    weight = _cubic((place - cell).abs()) * (cell < fine)
    weight = weight / weight.sum(-1, keepdim=True)
    return weight @ chance.even(count, cells[1], cells[1]) @ weight.transpose(1, 2)


def _cubic(distance: Tensor) -> Tensor:
    near = ((_SHARPNESS + 2) * distance - (_SHARPNESS + 3)) * distance**2 + 1
    far = _SHARPNESS * (((distance - 5) * distance + 8) * distance - 4)
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, 0))


def _grid(maps: Tensor) -> tuple[Tensor, Tensor]:
    rows, columns = (torch.arange(size, device=maps.device, dtype=torch.float32) for size in maps.shape[1:])
    return rows[:, None], columns


def _looked_up(maps: Tensor, row: Tensor, column: Tensor, border: str) -> Tensor:
    """Bilinear, at pixels [n, h, w]; row and column may be broadcast."""
    if len(maps) == 0:
        return maps
    height, width = maps.shape[1:]
    shape = len(maps), height, width
    x, y = (column + 0.5) * (2 / width) - 1, (row + 0.5) * (2 / height) - 1
    grid = torch.stack([x.expand(shape), y.expand(shape)], -1)
    return F.grid_sample(maps[:, None], grid, padding_mode=border, align_corners=False)[:, 0]
