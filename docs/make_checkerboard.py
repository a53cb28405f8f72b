"""Makes docs/checkerboard.png: what deconvolutions make of a flat input, at their start and in a trained network.

python docs/make_checkerboard.py [--model s]

The pattern of a map is the standard deviation of the means of its four phases (even or odd row and column): by
Parseval, the root of its energy at the three Nyquist frequencies of a 2x2 pattern. Odena et al. 2016, "Deconvolution
and Checkerboard Artifacts".
"""

from pathlib import Path
from typing import NamedTuple

import click
import cv2
import numpy as np
import torch
from torch import Tensor, nn

from streamseg.capture.street import Street
from streamseg.inference.net import POSITION_TERMS, DeconvNet, Deployed, Up
from streamseg.inference.ports import LEVEL_KINDS
from streamseg.inference.strides import MASK_STRIDE, STRIDES
from streamseg.preprocess.fit_view import GREY
from streamseg.training.even import even_out
from streamseg.weights.format import load_weights
from streamseg.weights.header import find_weights

DECONVOLUTIONS = ("up16", "up8", "up4", "prototypes")
SEED, FRAME = 11, 24
"""A street that no network is trained on, and a moment of it."""
BORDER = 4
CHANNELS = 8
TILE_PX, SHOWN, LABEL_PX = 80, 10, 330
"""Side of a tile, its cells, and the room for words beside it."""


class Seen(NamedTuple):
    """What a network makes of the street.

    view: uint8 [H, W, 3]; flat: by deconvolution, its mean input [C]; said: by deconvolution, what follows its ReLU
    [C, h, w]; boxes: int [N, 4] in cells of the masks; logits: of the N masks on all cells [N, H/2, W/2]; semantic.
    """

    view: np.ndarray
    flat: dict[str, Tensor]
    said: dict[str, Tensor]
    boxes: np.ndarray
    logits: Tensor
    semantic: Tensor


def pattern(maps: Tensor) -> Tensor:
    """Standard deviation of the means of the four phases of maps [C, h, w]: [C]."""
    maps = maps[:, : maps.shape[1] // 2 * 2, : maps.shape[2] // 2 * 2]  # as many cells of each
    return torch.stack([maps[:, y::2, x::2].double().mean((1, 2)) for y in (0, 1) for x in (0, 1)]).std(0, correction=0)


def of_the_mean(maps: Tensor) -> float:
    """The pattern of what a flat input became, as a share of it (root mean squares over the channels)."""
    return float(pattern(maps).square().mean().sqrt() / maps.double().mean((1, 2)).square().mean().sqrt())


def of_the_spread(maps: Tensor) -> float:
    """The pattern of maps of a real view, as a share of their standard deviation."""
    return float(pattern(maps).square().mean().sqrt() / maps.double().var((1, 2)).mean().sqrt())


@torch.no_grad()
def response(deconv: nn.ConvTranspose2d, flat: Tensor) -> Tensor:
    """What deconv makes of an input that is flat [C_in] everywhere: [C_out, h, w], without what borders do."""
    out = deconv(flat[None, :, None, None].expand(-1, -1, 12, 12))[0]
    return out[:, BORDER:-BORDER, BORDER:-BORDER]


def starts() -> dict[str, nn.ConvTranspose2d]:
    """Deconvolutions as they begin."""
    torch.manual_seed(0)
    return {
        "kernel 3, random": nn.ConvTranspose2d(64, 64, 3, 2, 1, output_padding=1, bias=False),
        "kernel 4, random": nn.ConvTranspose2d(64, 64, 4, 2, 1, bias=False),
        "kernel 4, bilinear (ours)": Up(64, 32, 64).deconv,
    }


@torch.no_grad()
def look(net: DeconvNet, seed: int = SEED) -> Seen:
    """Show net the street of a seed."""
    view = np.full((384, 640, 3), GREY, np.uint8)
    frame = Street(seed=seed, size_hw=(720, 1280), fps=10).render(FRAME).rgb
    view[12:372] = cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA)
    flat: dict[str, Tensor] = {}
    said: dict[str, Tensor] = {}
    for name in DECONVOLUTIONS:
        up = net.get_submodule(name)
        up.deconv.register_forward_hook(lambda _, given, __, n=name: flat.update({n: given[0][0].mean((1, 2))}))
        up.register_forward_hook(lambda _, __, made, n=name: said.update({n: made[0]}))
    batch = torch.from_numpy(view)[None]
    boxes, logits = _masks(Deployed(net)(batch))
    return Seen(view, flat, said, boxes, logits, net(batch.permute(0, 3, 1, 2).float()).semantic[0])


def _masks(outputs: tuple[Tensor, ...]) -> tuple[np.ndarray, Tensor]:
    """Boxes and logits of the objects in what Deployed says, best first; position's terms are smooth, but for the 1."""
    height, width = outputs[-1].shape[1:3]
    prototypes = outputs[-1][0].unflatten(2, (2, 2, -1)).transpose(1, 2).reshape(2 * height, 2 * width, -1)
    kinds = len(LEVEL_KINDS)
    found = []
    for i, stride in enumerate(STRIDES):
        heat, box, mix = (part[0] for part in outputs[kinds * i : kinds * (i + 1)])
        for label, y, x in (heat > 0.4).nonzero().tolist():
            left, top, right, bottom = box[:, y, x].tolist()
            cx, cy = (x + 0.5) * stride, (y + 0.5) * stride
            cells = np.array([cx - left, cy - top, cx + right, cy + bottom]) / MASK_STRIDE
            cells = np.clip(cells, 0, np.array(prototypes.shape[1::-1] * 2)).astype(int)
            if min(cells[2] - cells[0], cells[3] - cells[1]) >= 8:
                own = mix[:, y, x]
                drawn = torch.einsum("k,hwk->hw", own[:-POSITION_TERMS], prototypes) + own[-POSITION_TERMS]
                found.append((float(heat[label, y, x]), cells, drawn))
    found.sort(key=lambda row: -row[0])
    return np.array([cells for _, cells, _ in found]), torch.stack([drawn for _, _, drawn in found])


def in_boxes(seen: Seen) -> list[Tensor]:
    """Logits of each mask within its box, [1, h, w] each."""
    return [
        logits[None, y0:y1, x0:x1] for logits, (x0, y0, x1, y1) in zip(seen.logits, seen.boxes.tolist(), strict=True)
    ]


@click.command()
@click.option("--model", default="s", show_default=True)
def make(model: str) -> None:
    """Measure, print a table and draw the picture."""
    net, _ = load_weights(find_weights(model))
    seen = look(net)
    rows = {name: response(deconv, torch.ones(64)) for name, deconv in starts().items()}
    rows |= {f"trained: {name}": response(net.get_submodule(name).deconv, seen.flat[name]) for name in DECONVOLUTIONS}
    for name, maps in rows.items():
        there = f", on the street {of_the_spread(seen.said[name[9:]]):.3f}" if name.startswith("trained") else ""
        click.echo(f"{name}: {of_the_mean(maps):.3f}{there}")
    masks = in_boxes(seen)
    for name, maps in (("logits", masks), ("probabilities", [m.sigmoid() for m in masks])):
        click.echo(f"{len(masks)} masks, {name} in their boxes: {np.median([of_the_spread(m) for m in maps]):.3f}")
    click.echo(f"semantic map: {of_the_spread(seen.semantic):.3f}")
    street = [_street_row("trained: an object of the street", seen, seen.boxes)]
    even, _ = load_weights(find_weights(model))
    even_out(even)
    street.append(_street_row("the same after even_out()", look(even), seen.boxes))
    picture = np.vstack([*(_row(name, maps) for name, maps in rows.items()), *street])
    path = Path(__file__).parent / "checkerboard.png"
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    click.echo(path)


def _row(name: str, maps: Tensor) -> np.ndarray:
    """Words, then tiles of the first channels: grey is a channel's mean, black and white the mean response from it."""
    scale = maps.double().mean((1, 2)).square().mean().sqrt()
    tiles = []
    for channel in maps[:CHANNELS, :SHOWN, :SHOWN]:
        grey = (127.5 + 127.5 * ((channel - channel.mean()) / scale).clamp(-1, 1)).byte().numpy()
        tile = cv2.resize(grey, (TILE_PX, TILE_PX), interpolation=cv2.INTER_NEAREST)
        tiles.append(cv2.copyMakeBorder(tile, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=255))
    return np.hstack([_words(name, f"pattern {of_the_mean(maps):.0%} of the response"), _rgb(np.hstack(tiles))])


def _street_row(name: str, seen: Seen, boxes: np.ndarray) -> np.ndarray:
    """Words, then the largest of boxes: the view, the logits of the mask there, the mask."""
    x0, y0, x1, y1 = max(boxes.tolist(), key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    most = int(np.argmin(np.abs(seen.boxes - (x0, y0, x1, y1)).sum(1)))
    logits = seen.logits[most, y0:y1, x0:x1]
    view = seen.view[2 * y0 : 2 * y1, 2 * x0 : 2 * x1]
    shades = ((logits.clamp(-8, 8) + 8) * 255 / 16).byte().numpy()
    mask = (logits.sigmoid() * 255).byte().numpy()
    width = CHANNELS * (TILE_PX + 6)
    size = (width // 3 - 6, round((width // 3 - 6) * view.shape[0] / view.shape[1]))
    tiles = [cv2.resize(part, size, interpolation=cv2.INTER_NEAREST) for part in (view, _rgb(shades), _rgb(mask))]
    strip = np.full((size[1] + 6, width, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        strip[3:-3, i * (width // 3) + 3 : i * (width // 3) + 3 + size[0]] = tile
    return np.hstack([_words(name, "view, logits of the mask, mask", len(strip)), strip])


def _words(first: str, second: str, height: int = TILE_PX + 6) -> np.ndarray:
    board = np.full((height, LABEL_PX, 3), 255, np.uint8)
    for i, words in enumerate((first, second)):
        at = 10, height // 2 - 6 + 24 * i
        cv2.putText(board, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
    return board


def _rgb(grey: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


if __name__ == "__main__":
    make()
