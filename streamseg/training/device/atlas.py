"""Pictures of any size in one tensor, four bytes a pixel, and how many of them are looked at in one go.

Each picture is there in several sizes, each half the one before, so that what is shown small does not flicker:
Williams 1983, "Pyramidal Parametrics". Around every size runs a rim of one pixel, which is what lies outside: a look
beyond the picture ends there and needs no question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamseg.preprocess.fit_view import GREY
from streamseg.training.device.chance import put

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

LEVELS = 6
_SHARP = 0.6
"""Least scale at which a picture is looked at as it is; below, its half is."""


@dataclass(frozen=True, slots=True)
class Atlas:
    """n pictures. words: int32 [pixels] on the device, bytes R, G, B and a fourth one. On the host, start: int64
    [n, LEVELS], where each size begins in words; size_hw: int64 [n, 2] px.
    """

    words: Tensor
    start: I64
    size_hw: I64


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where n scenes look: y = step[0] * Y + first[0] in the picture's pixels at a scene's row Y, x likewise.

    start: int64 [n] and size_hw: int64 [n, 2], of the size looked at; step, first: float32 [n, 2] y, x; on the device.
    """

    start: Tensor
    size_hw: Tensor
    step: Tensor
    first: Tensor


def packed(picture: U8, rim: int) -> I32:
    """A picture uint8 [h, w, 4] in all its sizes, int32 [pixels]; rim: the fourth byte outside."""
    levels = []
    for _ in range(LEVELS):
        framed = np.pad(picture, ((1, 1), (1, 1), (0, 0)), constant_values=GREY)
        framed[..., 3] = rim
        framed[1:-1, 1:-1, 3] = picture[..., 3]
        levels.append(framed.view(np.int32).ravel())
        picture = _half(picture)
    return np.concatenate(levels)


def atlas_of(words: Sequence[I32], sizes_hw: Sequence[tuple[int, int]], device: torch.device) -> Atlas:
    """What packed() made of pictures of these sizes, on a device."""
    size_hw = np.array(sizes_hw, np.int64).reshape(-1, 2)
    levels = np.stack([_level_size(size_hw, level) for level in range(LEVELS)], 1)
    lengths = (levels + 2).prod(-1).ravel()
    start = (np.cumsum(lengths) - lengths).reshape(-1, LEVELS)
    parts = [torch.from_numpy(part).to(device) for part in words]
    return Atlas(torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int32, device=device), start, size_hw)


def gaze(atlas: Atlas, which: I64, step: F64, first: F64, *, smooth: bool = True) -> Gaze:
    """Look at pictures `which` [n]; step, first [n, 2] as in Gaze, of the pictures' full size.

    smooth: at the size that suits the scale; else at the full size, as names must be, which have no means.
    """
    scale = 1 / np.sqrt(np.abs(step).prod(-1))
    level = np.clip(np.ceil(np.log2(_SHARP / scale)), 0, (LEVELS - 1) * smooth).astype(np.int64)
    size_hw = _level_size(atlas.size_hw[which], level[:, None])
    shrink = 0.5 ** level[:, None]
    device = atlas.words.device
    return Gaze(
        put(atlas.start[which, level], device),
        put(size_hw, device),
        put((step * shrink).astype(np.float32), device),
        put(((first + 0.5) * shrink - 0.5).astype(np.float32), device),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What n scenes of side S see: of each pixel the four nearest of the picture and how near they are.

    near: four times uint8 [n, S, 4S], rows first, four bytes a pixel; y, x: float32 [n, S, 1] and [n, 1, S], the share
    of the later row and column.
    """

    near: tuple[Tensor, Tensor, Tensor, Tensor]
    y: Tensor
    x: Tensor

    def mixed(self) -> Tensor:
        """Bilinear: float32 [n, S, S, 4]."""
        a, b, c, d = (part.float() for part in self.near)
        # in place and a row of bytes at a time: on a CPU faster by half than lerp over pixels of four
        x = self.x.repeat_interleave(4, -1)
        above, below = b.sub_(a).mul_(x).add_(a), d.sub_(c).mul_(x).add_(c)
        return below.sub_(above).mul_(self.y).add_(above).view(*above.shape[:2], -1, 4)

    def names(self) -> Tensor:
        """The fourth byte that has the greater share of each pixel: uint8 [n, S, S]; where three meet, one of them."""
        a, b, c, d = (part[..., 3::4] for part in self.near)
        share = (1 - self.y) * ((1 - self.x) + self.x * (b == a)) + self.y * (
            (1 - self.x) * (c == a) + self.x * (d == a)
        )
        other = torch.where(b == a, torch.where(c == a, d, c), b)
        return torch.where(share >= 0.5, a, other)


def look(atlas: Atlas, at: Gaze, side: int) -> Look:
    """Scenes of a side, in pixels, as they see the atlas."""
    place = torch.arange(side, device=atlas.words.device)
    (y0, y1, y), (x0, x1, x) = (_neighbours(at, axis, place) for axis in (0, 1))
    rows = [at.start[:, None] + line * (at.size_hw[:, 1:] + 2) for line in (y0, y1)]
    near = [atlas.words.take(row[:, :, None] + column[:, None]) for row in rows for column in (x0, x1)]
    # a row of words is a row of bytes four times as long
    a, b, c, d = (part.view(torch.uint8) for part in near)
    return Look((a, b, c, d), y[:, :, None], x[:, None])


def _neighbours(at: Gaze, axis: int, place: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Along one axis: the two lines next to each of a scene's, rim included, and the share of the later one."""
    where = at.step[:, axis, None] * place + at.first[:, axis, None]
    before = where.floor()
    last, none = at.size_hw[:, axis, None], torch.zeros_like(at.size_hw[:, axis, None])
    line = before.long() + 1
    return line.clamp(none, last + 1), (line + 1).clamp(none, last + 1), where - before


def _half(picture: U8) -> U8:
    """Half the size, rounded up: means of 2x2 pixels."""
    even = np.pad(picture, ((0, picture.shape[0] % 2), (0, picture.shape[1] % 2), (0, 0)), mode="edge")
    four = [even[y::2, x::2].astype(np.uint16) for y in (0, 1) for x in (0, 1)]
    return ((four[0] + four[1] + four[2] + four[3] + 2) // 4).astype(np.uint8)


def _level_size(size_hw: I64, level: int | I64) -> I64:
    return np.asarray((size_hw + (1 << np.asarray(level, np.int64)) - 1) >> level, np.int64)
