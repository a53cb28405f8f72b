"""How many training scenes a second are made, singly on the host and in batches: tests/bench/augmentation.py --help.

Both make the very same kind of batch, targets included, from the same data, in turns, so that what else the machine
does strikes both. The host's way runs in one thread, as in training. Where DATA is not given, both take pictures of
the synthetic street, rendered for this.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.training.dataset import Dataset, load_dataset
from streamseg.training.device.batches import load_for, make_batch
from streamseg.training.device.chance import Chance
from streamseg.training.device.plan import draw_plan
from streamseg.training.recipe import Recipe
from streamseg.training.street_data import write_street_zip
from streamseg.training.targets import make_batch as host_batch
from streamseg.training.train import scene_chance, scene_maker

Sources = list[tuple[Dataset, float]]
Make = Callable[[], object]


def on_host(sources: Sources, recipe: Recipe) -> Make:
    """What makes a batch as training does by default."""
    maker, rng = scene_maker(sources, recipe), scene_chance(recipe, 0)
    return lambda: host_batch(maker.make_many(recipe.batch, recipe.twice, rng))


def on_device(sources: Sources, recipe: Recipe, device: torch.device) -> Make:
    """What makes a batch with `augment: device`, and waits until it is made."""
    options, chance = scene_maker(sources, recipe).options, Chance.of(recipe.seed, 0, device)
    began = time.perf_counter()
    data = load_for(sources, options, device)
    words = len(data.pictures.words) + len(data.cuts.words)
    took_s = time.perf_counter() - began
    print(f"{len(data.known)} pictures, {len(data.cut_label)} cuts: {words * 4e-6:.0f} MB, read in {took_s:.1f} s")

    def make() -> object:
        plan = draw_plan(data, options, recipe.batch, recipe.twice, chance.host)
        batch = make_batch(data, plan, options, chance)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return batch

    return make


def seconds(make: Make) -> float:
    """What one batch takes."""
    began = time.perf_counter()
    make()
    return time.perf_counter() - began


def read(data: Sequence[Path], labels: Sequence[str]) -> Sources:
    """The data sets, or streets."""
    if data:
        return [(load_dataset(path, labels), 1.0) for path in data]
    with tempfile.TemporaryDirectory(prefix="augmentation-") as folder:
        path = Path(folder) / "street.zip"
        write_street_zip(path, images=24, seeds=range(1000, 1004))
        return [(load_dataset(path, labels), 1.0)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", type=Path, metavar="DATA", help="zips or folders, as training takes them")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; default cpu")
    parser.add_argument("--batch", type=int, default=32, help="scenes of a batch; default 32")
    parser.add_argument("--size", type=int, default=320, help="side of a scene, px; default 320")
    parser.add_argument("--batches", type=int, default=20, help="batches of each way; default 20")
    parser.add_argument("--threads", type=int, default=1, help="of torch on a CPU; default 1")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(1)
    recipe = Recipe(size=asked.size, batch=asked.batch)
    sources = read(asked.data, recipe.labels)
    ways = {"host": on_host(sources, recipe), "device": on_device(sources, recipe, torch.device(asked.device))}
    spent_s = dict.fromkeys(ways, 0.0)
    for turn in range(asked.batches + 1):
        for name, make in ways.items():
            # the first turn warms up
            spent_s[name] += seconds(make) * (turn > 0)
    rates = {name: asked.batches * asked.batch / spent for name, spent in spent_s.items()}
    for name, rate in rates.items():
        print(f"{name:8}{rate:10.1f} images/s")
    setting = f"device {asked.device}, {asked.size} px, batches of {asked.batch}"
    print(f"ratio   {rates['device'] / rates['host']:10.2f} ({setting})")


if __name__ == "__main__":
    main()
