"""Train the refiner of mattes: python tests/bench/mattes_train.py --out streamseg/tracking/refiner_weights.py

All scenes are synthetic: streets as they are, and their actors, tinted and textured, over parts of other streets. Masks
are the true ones at the network's stride, at other strides, and spoilt as a network spoils them. A quarter of an
hour on one core.
"""

import argparse
import sys
from base64 import b85encode
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.geometry import SoftMask
from streamseg.pixels import frame_rgb
from streamseg.tracking.blocks import INPUTS
from streamseg.tracking.matte import doubtful
from tests.bench.mattes_composites import composite_shots
from tests.bench.mattes_scenes import (
    CELLS,
    F32,
    SHOTS,
    U8,
    Layer,
    Shot,
    StreetPlates,
    add_strands,
    street_sequences,
)

SIZES = (INPUTS, 47, 31, 15, 4)
SEEDS = range(1000, 1048)
BLOCKS = 600
"""Taken of a scene."""
SOFT_PX = 0.0, 0.5, 0.9, 1.5, 2.5
"""Standard deviations of the blur of an edge."""
MOST = 1023
"""Largest whole number that a weight becomes."""
MIN_SPREAD = 8
"""Levels (0..255) that count as no spread of an input."""
MOMENTS_S = (2.0, 7.0, 12.0, 17.0)


def scenes(seeds: Sequence[int]) -> Iterator[tuple[Shot, float]]:
    """Pictures with exact alpha, and cells of the mask per pixel."""
    rng = np.random.default_rng(5)
    behind = [cv2.resize(rng.integers(0, 256, (6, 6, 3), np.uint8), (300, 300), interpolation=cv2.INTER_CUBIC)]
    for k, seed in enumerate(seeds):
        lines = 1080 if k % 3 == 0 else 720
        if k % 2:
            for clip in street_sequences([seed], lines):
                yield from ((shot, clip.cells_per_px) for shot in clip.shots[:: SHOTS // 2])
        street = StreetPlates(seed=seed, size_hw=(lines, lines * 16 // 9))
        for time_s in MOMENTS_S:
            shot = street.render(round(time_s * street.fps))
            y, x = rng.integers(0, (lines - 300, lines * 16 // 9 - 300))
            behind.append(shot.rgb[y : y + 300, x : x + 300].copy())
            for layer in street.layers(time_s, most=2):
                for _ in range(3):
                    yield _over(layer, behind[int(rng.integers(max(0, len(behind) - 40), len(behind)))], rng)


def _over(layer: Layer, behind: U8, rng: np.random.Generator) -> tuple[Shot, float]:
    """An actor in other colours, with hair, over another place."""
    rgba = layer.rgba.copy()
    solid = rgba[:, :, 3:]
    grain = cv2.GaussianBlur(rng.normal(0, 1, rgba[:, :, :3].shape).astype(np.float32), (0, 0), rng.uniform(0.7, 4))
    grain *= rng.uniform(0, 25) / float(grain.std())
    tint = rng.uniform(0.5, 1.5, 3) * rng.uniform(0.7, 1.3)
    rgba[:, :, :3] = np.clip(rgba[:, :, :3] * tint + grain * solid, 0, 255 * solid)
    own = Layer(rgba)
    if rng.random() < 0.7:
        rows, columns = np.nonzero(own.alpha > 0.9)
        top = float(np.quantile(rows, 0.12))
        angles = rng.uniform(-1.1 * np.pi, 0.1 * np.pi, int(rng.integers(30, 120))).astype(np.float32)
        centre = float(columns[rows <= top].mean()), top
        add_strands(own, centre, angles, length_px=rng.uniform(6, 18), seed=int(rng.integers(1 << 30)))
    lines = int(rng.choice(list(CELLS)))
    behind = np.clip(behind * rng.uniform(0.5, 1.5, 3), 0, 255).astype(np.uint8)
    step = rng.uniform(-5, 5, 2) if rng.random() < 0.7 else np.zeros(2)
    blurred = bool(rng.random() < 0.4)
    seed = int(rng.integers(1 << 30))
    return composite_shots(own, behind, step, blurred=blurred, seed=seed, soft_px=SOFT_PX, count=1)[0], CELLS[lines]


def samples(shot: Shot, cells_per_px: float, rng: np.random.Generator) -> tuple[U8, F32]:
    """What the network sees of some blocks of a scene, uint8 [N, INPUTS], and their alpha, float32 [N, 4] in 0..1."""
    mask = shot.track(cells_per_px).mask
    assert mask is not None
    if rng.random() < 0.3:
        mask = _seen_at(shot.alpha, float(np.exp(rng.uniform(np.log(1.8), np.log(12)))))
    if rng.random() < 0.5:
        mask = spoilt(mask, rng.uniform(0, 0.35), rng.uniform(0.2, 1.0), rng)
    rgb = frame_rgb(shot.frame(0))
    if rng.random() < 0.15:
        # next to no contrast: there is nothing to go by but the mask
        grey = rgb.mean((0, 1))
        rgb = np.clip(np.rint(grey + rng.choice([0.0, 0.05, 0.2]) * (rgb - grey)), 0, 255).astype(np.uint8)
    height, width = shot.alpha.shape
    doubt = doubtful(rgb, mask, (0, 0, width, height))
    alpha = cv2.copyMakeBorder(shot.alpha, 0, 40, 0, 40, cv2.BORDER_REPLICATE)
    rows, columns = (2 * place for place in doubt.blocks.places)
    true = np.stack([alpha[rows + i, columns + j] for j in (0, 1) for i in (0, 1)], 1)
    chosen = rng.permutation(len(rows))[:BLOCKS]
    return doubt.seen[chosen], true[chosen]


def _seen_at(alpha: F32, cell_px: float) -> SoftMask:
    height, width = alpha.shape
    size_wh = max(2, round(width / cell_px)), max(2, round(height / cell_px))
    cells = cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA)
    return SoftMask(np.rint(cells * 255).astype(np.uint8), (0.0, 0.0, float(width), float(height)))


def spoilt(mask: SoftMask, wobble: float, sigma: float, rng: np.random.Generator) -> SoftMask:
    """As a network gives it: softer than the truth by sigma (cells), its edge a little aside."""
    soft = cv2.GaussianBlur(mask.alpha.astype(np.float32) / 255, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    noise = cv2.GaussianBlur(rng.normal(size=soft.shape).astype(np.float32), (0, 0), 1.0)
    soft += noise * wobble * ((soft > 0.02) & (soft < 0.98))
    return SoftMask(np.rint(np.clip(soft, 0, 1) * 255).astype(np.uint8), mask.box)


def fit(seen: U8, true: F32, *, epochs: int) -> list[tuple[F32, F32]]:
    """Weights [inputs, outputs] and biases, inputs and outputs in 0..1."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    some = seen[::40].astype(np.float32)
    middle, spread = torch.tensor(some.mean(0)), torch.tensor(some.std(0) + MIN_SPREAD)
    inputs, target = torch.tensor(seen), torch.tensor(true)
    parts: list[nn.Module] = []
    for size in pairwise(SIZES):
        parts += [nn.Linear(*size), nn.ReLU()]
    net = nn.Sequential(*parts[:-1])
    batch, rate = 2048, 1e-2
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, epochs * (len(seen) // batch) + 1)
    mean = 0.1
    for epoch in range(epochs):
        for rows in torch.randperm(len(seen))[: len(seen) // batch * batch].split(batch):
            wrong = net((inputs[rows].float() - middle) / spread) - target[rows]
            # neighbours' errors shall be alike: a shifted edge is seen less than a frayed one
            frayed = (wrong[:, [0, 0, 1, 2]] - wrong[:, [1, 2, 3, 3]]).abs().mean()
            loss = 0.3 * wrong.abs().mean() + 2 * wrong.square().mean() + 0.5 * frayed
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            mean += 0.02 * (loss.item() - mean)
        print(f"epoch {epoch + 1}: loss {mean:.4f}", flush=True)
    linear = [part for part in net if isinstance(part, nn.Linear)]
    layers = [(one.weight.detach().numpy().T.copy(), one.bias.detach().numpy().copy()) for one in linear]
    weight, bias = layers[0][0] / spread.numpy()[:, None], layers[0][1]
    return [(255 * weight, bias - middle.numpy() @ weight), *layers[1:]]


def packed(weights: Sequence[tuple[F32, F32]], seen: U8) -> str:
    """In base 85, as refiner.unpack reads it; the range of what passes between layers is taken from seen."""
    values, unit, data = seen[:60_000].astype(np.float32) / 255, np.float32(1 / 255), b""
    for k, (weight, bias) in enumerate(weights):
        values = np.maximum(values @ weight + bias, 0)
        last = k == len(weights) - 1
        top = np.ones(weight.shape[1]) if last else np.maximum(np.quantile(values, 0.9997, axis=0), 1e-3)
        own, offset = weight * np.reshape(unit, (-1, 1)) * (255 / top), (bias / top + 0.5 / 255) * 255
        power = np.floor(np.log2(MOST / np.abs(own).max(0))).astype(np.int8)
        grain = np.exp2(-power.astype(np.float64))
        whole, offset = np.rint(own / grain), np.rint(offset / grain)
        assert (255 * np.abs(whole).sum(0) + np.abs(offset)).max() < 1 << 24
        data += whole.T.astype("<i2").tobytes() + offset.astype("<i4").tobytes() + power.tobytes()
        values, unit = np.minimum(values, top), top / 255
    return b85encode(data).decode()


def write(path: Path, text: str) -> None:
    """A module with the weights."""
    lines = [text[i : i + 110] for i in range(0, len(text), 110)]
    body = "\n".join(f'    "{line}"' for line in lines)
    about = "The refiner's weights, by tests/bench/mattes_train.py on synthetic streets alone."
    path.write_text(f'"""{about}"""\n\nSIZES = {SIZES}\nWEIGHTS = (\n{body}\n)\n')


def main(arguments: Sequence[str] | None = None) -> None:
    """Make scenes, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--streets", type=int, default=len(SEEDS), help=f"default {len(SEEDS)}")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="write what was seen here, or read it where it exists (npz)")
    asked = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    if asked.keep and asked.keep.exists():
        with np.load(asked.keep) as kept:
            seen, true = kept["seen"], kept["true"]
    else:
        rng = np.random.default_rng(7)
        parts = [samples(shot, cells, rng) for shot, cells in scenes(SEEDS[: asked.streets]) for _ in range(2)]
        seen, true = (np.concatenate(part) for part in zip(*parts, strict=True))
        if asked.keep:
            np.savez(asked.keep, seen=seen, true=true)
    print(f"{len(seen)} blocks")
    write(asked.out, packed(fit(seen, true, epochs=asked.epochs), seen))


if __name__ == "__main__":
    main()
