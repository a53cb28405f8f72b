"""What a choice in the network or its training is worth: python tests/bench/ablations.py --help.

Every variant of an experiment is trained on the same scenes from the same start, and judged on the same held-out
scenes, whose masks are exact. upsampling: the trunk of a trained network keeps its weights and all that upsamples
begins anew, as transposed convolutions, as bilinear upsampling before a convolution, or as a convolution before pixel
shuffle. copy-paste: the whole network begins anew, with and without pasted objects. Differences are to the first
variant, with the 95 % interval of a paired bootstrap over scenes.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.config import ModelConfig
from streamseg.evaluation.average_precision import boundary
from streamseg.geometry import Letterbox
from streamseg.inference import net as network
from streamseg.inference.decode import decode
from streamseg.inference.net import PLANS, DeconvNet, Deployed
from streamseg.inference.runners import TorchRunner
from streamseg.training.dataset import load_dataset
from streamseg.training.recipe import Recipe
from streamseg.training.scenes import SceneMaker, SceneOptions
from streamseg.training.train import Trainer
from streamseg.weights.format import load_weights, save_weights
from streamseg.weights.header import find_weights

LABELS = PLANS["s"].labels
SCORE = ModelConfig().score
LEAST_AREA = 64


class BilinearUp(network.Up):
    """Upsampled bilinearly, then a 3x3 convolution: 9/16 of the deconvolution's weights, 9/4 of its sums."""

    def __init__(self, n_in: int, n_skip: int, n_out: int):
        super().__init__(n_in, n_skip, n_out)
        self.deconv = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(n_in, n_out, 3, 1, 1, bias=False)
        )


class ShuffleUp(network.Up):
    """A 3x3 convolution to four times the channels, the four pixels of a cell: 9/4 of weights and sums."""

    def __init__(self, n_in: int, n_skip: int, n_out: int):
        super().__init__(n_in, n_skip, n_out)
        self.deconv = nn.Sequential(nn.Conv2d(n_in, 4 * n_out, 3, 1, 1, bias=False), nn.PixelShuffle(2))


UPSAMPLING = {"deconvolution": network.Up, "bilinear": BilinearUp, "pixel shuffle": ShuffleUp}


def begin_upsampling(variant: str, start: str, file: Path) -> None:
    """A weight file with the trunk of start, whose upsampling layers are new and of the variant's kind."""
    network.Up = UPSAMPLING["deconvolution"]
    trained, _ = load_weights(find_weights(start))
    network.Up = UPSAMPLING[variant]
    torch.manual_seed(0)
    net = DeconvNet(trained.config)
    trunk = {k: v for k, v in trained.state_dict().items() if not k.startswith(("up", "prototypes"))}
    net.load_state_dict(trunk, strict=False)
    save_weights(net, file)


def train(recipe: Recipe, data: Sequence[Path], folder: Path, start: Path | None) -> DeconvNet:
    """The average of a run's weights."""
    torch.manual_seed(recipe.seed)
    run = Trainer(recipe, data, folder, start=start)
    for state in run.run():
        print(f"\r{folder.name}: {state.images} of {state.wanted}, {state.rate:.0f}/s ", end="", file=sys.stderr)
    return run.average.eval()


def judge(net: DeconvNet, scenes: Sequence[object], threads: int) -> np.ndarray:
    """For each true object: scene, IoU, boundary IoU of the same class's object that overlaps most (0: none)."""
    runner, rows = TorchRunner(Deployed(net), "cpu", threads), []
    for index, scene in enumerate(scenes):
        side = scene.rgb.shape[0]
        fit = Letterbox.fit((0, 0, side, side), (side, side), 1.0)
        found = decode([out[0] for out in runner(scene.rgb[None])], fit, floor=SCORE, most=100)
        masks = [(mask.on((0, 0, side, side)) > 127).astype(np.uint8) for mask in found.masks]
        for thing in scene.things:
            if thing.mask is None or thing.mask.sum() < LEAST_AREA:
                continue
            rivals = [mask for mask, label in zip(masks, found.labels, strict=True) if label == thing.label]
            overlaps = [iou(mask, thing.mask) for mask in rivals]
            best = int(np.argmax(overlaps)) if overlaps else -1
            if best < 0 or overlaps[best] < 0.5:
                rows.append((index, 0.0, 0.0))
            else:
                rows.append((index, overlaps[best], iou(boundary(rivals[best]), boundary(thing.mask))))
    return np.array(rows)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Of two masks of 0 and 1."""
    return float(np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b)))


def figures(rows: np.ndarray) -> np.ndarray:
    """Recall at IoU 0.5, mean IoU and boundary IoU of what was found."""
    hit = rows[:, 1] > 0
    return np.array([hit.mean(), *(rows[hit, 1:].mean(0) if hit.any() else (0, 0))])


def difference(rows: np.ndarray, base: np.ndarray, draws: int = 1000) -> list[tuple[float, float, float]]:
    """figures(rows) - figures(base), and its 95 % interval, over scenes drawn anew; objects found by both only."""
    both = (rows[:, 1] > 0) & (base[:, 1] > 0)
    rng, scenes = np.random.default_rng(0), rows[:, 0].astype(int)
    parts = np.stack([(rows[:, 1] > 0) * 1.0 - (base[:, 1] > 0), *((rows - base)[:, 1:].T * both)], 1)
    sums = np.stack([np.bincount(scenes, part, scenes.max() + 1) for part in (*parts.T, both, np.ones(len(rows)))], 1)
    picked = sums[rng.integers(0, len(sums), (draws, len(sums)))].sum(1)
    drawn, whole = (s[..., :3] / np.maximum(s[..., [4, 3, 3]], 1) for s in (picked, sums.sum(0)))
    return [(float(whole[i]), *map(float, np.percentile(drawn[:, i], (2.5, 97.5)))) for i in range(3)]


def held_out(data: Sequence[Path], count: int, size: int, *, pasted: bool) -> list[object]:
    """Scenes of pictures that training never sees, without a map of what moves."""
    options = SceneOptions(size, (0.8, 1.6), 6, (16.0, 240.0), float(pasted), motion=False)
    maker, rng = SceneMaker([(load_dataset(path, LABELS), 1.0) for path in data], len(LABELS), options), (9, size)
    generator = np.random.default_rng(rng)
    return [maker.make(generator) for _ in range(count)]


def report(name: str, judged: dict[str, np.ndarray]) -> None:
    """A table in Markdown."""
    print(f"\n{name}: {len(next(iter(judged.values())))} objects\n")
    print("| variant | recall | IoU | boundary IoU | difference of recall | of IoU | of boundary IoU |")
    print("|---|---|---|---|---|---|---|")
    base = next(iter(judged.values()))
    for variant, rows in judged.items():
        cells = [f"{value:.3f}" for value in figures(rows)]
        if rows is not base:
            cells += [f"{mid:+.3f} ({low:+.3f} to {high:+.3f})" for mid, low, high in difference(rows, base)]
        print("|", variant, "|", " | ".join(cells + [""] * (6 - len(cells))), "|", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=["upsampling", "copy-paste"])
    parser.add_argument("--train", nargs="+", type=Path, required=True, metavar="ZIP", help="data sets to train on")
    parser.add_argument("--judge", nargs="+", type=Path, required=True, metavar="ZIP", help="data sets held back")
    parser.add_argument("--start", default="s", help="network whose trunk upsampling begins from; default s")
    parser.add_argument("--scenes", type=int, default=10_000, help="of each run; default 10000")
    parser.add_argument("--judged", type=int, default=1_500, help="held-out scenes; default 1500")
    parser.add_argument("--size", type=int, default=256, help="side of a scene, px; default 256")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="a run of each variant for each; default 1")
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--threads", type=int, default=2, help="on the CPU; default 2")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="keep the runs here; those it has go on, or are done")
    asked = parser.parse_args(arguments)
    plain: dict[str, Callable[[], list[object]]] = {
        "with pasted objects": lambda: held_out(asked.judge, asked.judged, asked.size, pasted=True),
        "pictures as they are": lambda: held_out(asked.judge, asked.judged, asked.size, pasted=False),
    }
    sets = {name: make() for name, make in plain.items()}
    judged: dict[str, dict[str, list[np.ndarray]]] = {name: {} for name in sets}
    variants = list(UPSAMPLING) if asked.experiment == "upsampling" else ["with copy-paste", "without"]
    with tempfile.TemporaryDirectory() as name:
        for seed in asked.seeds:
            for variant in variants:
                folder = (asked.runs or Path(name)) / f"{variant}-{seed}"
                recipe, start = plan(asked, variant, seed, folder)
                net = train(recipe, asked.train, folder, start)
                for kind, scenes in sets.items():
                    judged[kind].setdefault(variant, []).append(judge(net, scenes, asked.threads))
    for kind, rows in judged.items():
        report(kind, {variant: np.concatenate(parts) for variant, parts in rows.items()})


def plan(asked: argparse.Namespace, variant: str, seed: int, folder: Path) -> tuple[Recipe, Path | None]:
    """The recipe of a variant, and the weights that it begins from."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(
        images=asked.scenes, size=asked.size, seed=seed, precision=asked.precision, motion=False, zoom=(0.8, 1.6),
        warmup_images=asked.scenes // 10, copy_paste=0.0 if variant == "without" else 0.6, threads=asked.threads,
    )  # fmt: skip
    if asked.experiment != "upsampling":
        return recipe, None
    begin_upsampling(variant, asked.start, folder / "start.safetensors")
    return recipe, folder / "start.safetensors"


if __name__ == "__main__":
    main()
