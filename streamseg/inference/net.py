"""The deconvolution network: view -> peaks, box distances, mask coefficients, prototypes. Tensors only.

Convolutions extract (stride 2 to 32), four transposed convolutions bring the detail back (stride 16, 8, 4, 2), 3x3 max
pooling picks the peaks of the class heatmaps, and each peak's coefficients mix the prototypes, which are the last
deconvolution's channels, into its mask.

Sources: heatmap peaks as objects, Zhou et al. 2019, "Objects as Points", sec. 3; masks from prototypes, Bolya et al.
2019, "YOLACT", sec. 3; position in a mask's mix, Tian et al. 2020, "CondInst", sec. 3.1; box distances, Tian et al.
2019, "FCOS", sec. 3.1; bilinear start of deconvolutions, Long et al. 2015, "Fully Convolutional Networks", sec. 3.3;
learnt bins of a histogram, Wang et al. 2016, "Learnable Histogram", sec. 3.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from streamseg.inference.strides import APPEARANCE_STRIDE, STRIDES

POSITION_TERMS = 6
"""1, u, v, uu, vv, uv: where a pixel lies in the object's box (-1..1 each way), mixed into its mask like prototypes.

They tell an object from its twin in the same box, which prototypes alone can hardly do.
"""

RGB = 3
"""Channels of a view."""
APPEARANCE_WIDTH = 8
"""Channels between what is seen of a cell and its bins of appearance."""


@dataclass(frozen=True, slots=True)
class NetConfig:
    """What a network is built from; travels in the weights' metadata.

    widths: channels at stride 4, 8, 16, 32; depths: residual blocks there. mean and std: normalisation of the 0..255
    view. prototypes: mask prototypes. motion: whether it takes a map of what moves beside the view. appearance: bins of
    colour and texture by which an object is told from others of its kind, 0 for a network without.
    """

    labels: tuple[str, ...] = ("person", "vehicle", "animal")
    widths: tuple[int, int, int, int] = (32, 64, 128, 224)
    depths: tuple[int, int, int, int] = (1, 1, 2, 1)
    prototypes: int = 20
    mean: float = 114.0
    std: float = 64.0
    motion: bool = False
    appearance: int = 0


PLANS = {
    "s": NetConfig(motion=True, appearance=24),
    "m": NetConfig(widths=(48, 96, 192, 320), depths=(1, 2, 3, 2), prototypes=32, motion=True, appearance=24),
}
"""2.5 and 7.3 GMAC for a view of 384 x 640: for a CPU, and for a GPU or few streams."""


class Level(NamedTuple):
    """One head's raw output: heat [B, C, h, w] logits; box [B, 4, h, w] log distances in strides; mix [B, M, h, w].

    M is the number of prototypes plus POSITION_TERMS.
    """

    heat: Tensor
    box: Tensor
    mix: Tensor


class Raw(NamedTuple):
    """Everything the network says: a Level per stride, prototypes [B, K, H/2, W/2], semantic [B, C, H/4, W/4].

    appearance [B, E, H/4, W/4]: how much of each cell belongs to each of E bins (0..1, a sum of 1); None without.
    """

    levels: tuple[Level, ...]
    prototypes: Tensor
    semantic: Tensor
    appearance: Tensor | None


class ConvBlock(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, n_in: int, n_out: int, kernel: int = 3, stride: int = 1):
        conv = nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False)
        super().__init__(conv, nn.BatchNorm2d(n_out), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two 3x3 convolutions around a skip (He et al. 2016)."""

    def __init__(self, width: int):
        super().__init__()
        self.first = ConvBlock(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class Context(nn.Module):
    """Widens what a cell sees: three chained 5x5 max poolings beside the input (SPPF, after He et al. 2015)."""

    def __init__(self, width: int):
        super().__init__()
        self.squeeze = ConvBlock(width, width // 2, 1)
        self.merge = ConvBlock(width * 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        pools = [self.squeeze(x)]
        for _ in range(3):
            pools.append(F.max_pool2d(pools[-1], 5, 1, 2))
        return self.merge(torch.cat(pools, 1))


class Up(nn.Module):
    """Transposed convolution to twice the size, joined with the encoder's features of that size."""

    def __init__(self, n_in: int, n_skip: int, n_out: int):
        super().__init__()
        self.deconv = nn.ConvTranspose2d(n_in, n_out, kernel_size=4, stride=2, padding=1, bias=False)
        self.skip = nn.Conv2d(n_skip, n_out, 1, bias=False)
        self.norm = nn.BatchNorm2d(n_out)
        _start_bilinear(self.deconv)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return F.relu(self.norm(self.deconv(x) + self.skip(skip)))


class Head(nn.Module):
    """Heatmap, box distances and mask coefficients from one level's features."""

    def __init__(self, n_in: int, width: int, config: NetConfig):
        super().__init__()
        self.splits = [len(config.labels), 4, config.prototypes + POSITION_TERMS]
        self.tower = ConvBlock(n_in, width)
        self.out = nn.Conv2d(width, sum(self.splits), 1)
        # a heatmap is nearly empty: start at a score of 0.01, so that the first steps do not fight the background
        bias = torch.cat([torch.full((n,), start) for n, start in zip(self.splits, (-4.6, 1.0, 0.0), strict=True)])
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.weight[-POSITION_TERMS:])
        self.out.bias = nn.Parameter(bias)

    def forward(self, x: Tensor) -> Level:
        return Level(*self.out(self.tower(x)).split(self.splits, 1))


class Appearance(nn.Module):
    """Sorts every cell of 4x4 pixels into bins by its colour and texture; in a mask they are an object's histogram."""

    def __init__(self, n_in: int, bins: int):
        """n_in: channels of the first convolution's output."""
        super().__init__()
        self.sight = ConvBlock(n_in + RGB, APPEARANCE_WIDTH, 1)
        self.bins = nn.Conv2d(APPEARANCE_WIDTH, bins, 1)
        nn.init.normal_(self.bins.weight, std=0.7)  # apart from the first step on

    def forward(self, x2: Tensor, view: Tensor) -> Tensor:
        """Raw.appearance, from x2 [B, n_in, H/2, W/2] and the normalised view [B, 3, H, W]."""
        # detached: it reads what the other tasks have learnt, and costs them nothing
        # one pixel of each cell: a mask holds hundreds, and OpenVINO takes long to pool three channels
        colour = view[:, :, 1::APPEARANCE_STRIDE, 1::APPEARANCE_STRIDE]
        cells = F.avg_pool2d(x2.detach(), APPEARANCE_STRIDE // 2), colour
        return self.bins(self.sight(torch.cat(cells, 1))).softmax(1)


class DeconvNet(nn.Module):
    """The whole network.

    Input: view, float [B, 3, H, W] RGB in 0..255, H and W multiples of 32; motion, float [B, H/4, W/4] in 0..255, how
    surely each cell differs from its own past (0 everywhere: nothing is known), or None.
    """

    def __init__(self, config: NetConfig | None = None):
        super().__init__()
        self.config = config = config or NetConfig()
        w4, w8, w16, w32 = config.widths
        d4, d8, d16, d32 = config.depths
        self.at2 = ConvBlock(RGB, w4 // 2, 3, 2)
        self.at4 = nn.Sequential(ConvBlock(w4 // 2, w4, 3, 2), *(Residual(w4) for _ in range(d4)))
        self.motion = nn.Conv2d(1, w4, 3, 1, 1, bias=False) if config.motion else None
        if self.motion is not None:
            nn.init.zeros_(self.motion.weight)  # a network that knew nothing of motion goes on as it was
        self.at8 = nn.Sequential(ConvBlock(w4, w8, 3, 2), *(Residual(w8) for _ in range(d8)))
        self.at16 = nn.Sequential(ConvBlock(w8, w16, 3, 2), *(Residual(w16) for _ in range(d16)))
        self.at32 = nn.Sequential(ConvBlock(w16, w32, 3, 2), *(Residual(w32) for _ in range(d32)), Context(w32))
        self.up16 = Up(w32, w16, w16)
        self.up8 = Up(w16, w8, w8)
        self.up4 = Up(w8, w4, w4)
        self.heads = nn.ModuleList([Head(w8, w8, config), Head(w16, w16 // 2, config)])
        self.prototypes = Up(w4, w4 // 2, config.prototypes)
        self.semantic = nn.Conv2d(w4, len(config.labels), 1)
        self.appearance = Appearance(w4 // 2, config.appearance) if config.appearance else None

    def forward(self, view: Tensor, motion: Tensor | None = None) -> Raw:
        return self.see(self.normalised(view), motion)

    def see(self, view: Tensor, motion: Tensor | None = None) -> Raw:
        """What forward gives, of a view that is normalised already."""
        x2 = self.at2(view)
        x4 = self.at4[0](x2)
        if self.motion is not None and motion is not None:
            x4 = x4 + self.motion(motion[:, None] / 255)
        x4 = self.at4[1:](x4)
        x8 = self.at8(x4)
        x16 = self.at16(x8)
        y16 = self.up16(self.at32(x16), x16)
        y8 = self.up8(y16, x8)
        y4 = self.up4(y8, x4)
        levels = tuple(head(y) for head, y in zip(self.heads, (y8, y16), strict=True))
        appearance = None if self.appearance is None else self.appearance(x2, view)
        return Raw(levels, self.prototypes(y4, x2), self.semantic(y4), appearance)

    def look(self, view: Tensor) -> Tensor | None:
        """Raw.appearance alone, which needs a small part of the network only."""
        view = self.normalised(view)
        return None if self.appearance is None else self.appearance(self.at2(view), view)

    def normalised(self, view: Tensor) -> Tensor:
        """A view of 0..255 as the network was trained on; any shape."""
        return (view - self.config.mean) / self.config.std


class Blocks(nn.Module):
    """Blocks of 2x2 cells: [B, K, H, W] to [B, 4K, H/2, W/2], the K numbers of each cell together, row by row."""

    def forward(self, cells: Tensor) -> Tensor:
        batch, kinds, height, width = cells.shape
        blocks = cells.reshape(batch, kinds, height // 2, 2, width // 2, 2).permute(0, 3, 5, 1, 2, 4)
        return blocks.reshape(batch, 4 * kinds, height // 2, width // 2)


class Deployed(nn.Module):
    """The network as the runners call it: views and motion maps in; peaks, boxes, coefficients, prototypes out.

    In: uint8 [B, H, W, 3], and uint8 [B, H/4, W/4] for a network that takes motion.

    Per level: score [B, C, h, w], the sigmoid of the heatmap where it is a 3x3 maximum, 0 elsewhere; box [B, 4, h, w]
    left, top, right, bottom distances in pixels of the view; mix [B, M, h, w]. Then appearance [B, H/4, W/4, E], if
    there is one, and last prototypes [B, H/4, W/4, 4K], of a block of 2x2 cells the K of each, row by row: what is read
    cell by cell has a cell's numbers side by side.
    """

    def __init__(self, net: DeconvNet):
        super().__init__()
        self.net = net
        self.blocks: nn.Module = Blocks()

    def forward(self, view: Tensor, motion: Tensor | None = None) -> tuple[Tensor, ...]:
        dtype = self.net.semantic.weight.dtype
        # normalised where its colours lie side by side: OpenVINO then needs one pass less to lay them out
        pixels = self.net.normalised(view.to(dtype)).permute(0, 3, 1, 2)
        raw = self.net.see(pixels, None if motion is None else motion.to(dtype))
        out: list[Tensor] = []
        for level, stride in zip(raw.levels, STRIDES, strict=True):
            score = level.heat.sigmoid()
            peaks = score * (F.max_pool2d(score, 3, 1, 1) == score)
            out += [peaks, level.box.clamp(-6, 6).exp() * stride, level.mix]
        maps = [] if raw.appearance is None else [raw.appearance]
        return (*out, *(each.permute(0, 2, 3, 1).contiguous() for each in (*maps, self.blocks(raw.prototypes))))


def _start_bilinear(deconv: nn.ConvTranspose2d) -> None:
    """Start as a bilinear upsampling of mixed channels: every output pixel gets the same sum, so no checkerboard."""
    ramp = torch.tensor([0.25, 0.75, 0.75, 0.25])
    kernel = torch.outer(ramp, ramp)
    mix = torch.randn(deconv.in_channels, deconv.out_channels) * (2 / deconv.in_channels) ** 0.5
    with torch.no_grad():
        deconv.weight.copy_(mix[:, :, None, None] * kernel)
