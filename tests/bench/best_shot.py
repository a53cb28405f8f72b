"""How much of each object its best shot shows, against the best picture of it that there was, and against simple rules.

    python tests/bench/best_shot.py --seeds 400-415

Streets of unseen seeds, the shipped network, our tracker. In every frame the pictures that a track could give (active,
large enough) are matched with the truth by mask IoU (Kuhn-Munkres, at least 0.3); shown is the share of the matched
object's whole outline, beyond the frame too, that is seen, 0 where none is matched. A rule's figure is shown of the
picture it chooses over the most that any of the track's pictures shows, the mean over tracks; tracks that never match
anything are left out.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.capture import open_source
from streamseg.config import Config, StreamConfig
from streamseg.inference import load_network
from streamseg.preprocess import Preprocessor
from streamseg.records import Extraction, Track
from streamseg.stages import Network
from streamseg.testing import Truth, mask_ious, street_truth
from streamseg.tracking import ObjectTracker
from tests.bench.identity import seeds as read_seeds

LEAST_IOU = 0.3
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Picture:
    """One that a track could give: its frame, the object that it shows (None: nobody knows), how much of that, 0..1.

    area: of the box in square pixels; score: of the network.
    """

    seq: int
    object: int | None
    shown: float
    area: float
    score: float


@dataclass(slots=True)
class Life:
    """A track's pictures, and the frames of those that were best shots, the last one the final one."""

    pictures: list[Picture] = field(default_factory=list)
    best: list[int] = field(default_factory=list)


Rule = Callable[[Life], Picture]

RULES: dict[str, Rule] = {
    "streamseg": lambda life: next(one for one in life.pictures if one.seq == life.best[-1]),
    "first": lambda life: life.pictures[0],
    "last": lambda life: life.pictures[-1],
    "largest box": lambda life: max(life.pictures, key=lambda one: one.area),
    "highest score": lambda life: max(life.pictures, key=lambda one: one.score),
}


def lives(url: str, config: Config, network: Network) -> list[Life]:
    """The tracks of a street that gave at least one picture and matched something in one."""
    stream = StreamConfig(source=url, name="street")
    preprocess = Preprocessor.of(stream, config.model, network.view_hw, motion=network.takes_motion)
    tracker = ObjectTracker.of(stream, config, network.labels)
    found: dict[int, Life] = {}
    with closing(open_source(stream, config.capture)) as source:
        source.open()
        for frame in source:
            extraction = tracker.update(frame, network([preprocess(frame)])[0])
            _look(extraction, street_truth(url, frame.seq), config.cutouts.min_side, found)
    return [life for life in found.values() if life.best and any(one.shown > 0 for one in life.pictures)]


def figure(life: Life, rule: Rule) -> float:
    """What a rule's choice shows, over the best that could be had: 0..1."""
    return rule(life).shown / max(one.shown for one in life.pictures)


def _look(extraction: Extraction, truths: Sequence[Truth], min_side: int, found: dict[int, Life]) -> None:
    tracks = [track for track in extraction.tracks if track.state == "active" and _side(track) >= min_side]
    iou = mask_ious(truths, tracks)
    pairs = {j: truths[i] for i, j in zip(*linear_sum_assignment(-iou), strict=True) if iou[i, j] >= LEAST_IOU}
    for j, track in enumerate(tracks):
        truth = pairs.get(j)
        x0, y0, x1, y1 = track.box
        area = (x1 - x0) * (y1 - y0)
        shown = (None, 0.0) if truth is None else (truth.id, truth.shown)
        found.setdefault(track.id, Life()).pictures.append(Picture(extraction.frame.seq, *shown, area, track.score))
    for cutout in extraction.cutouts:
        if cutout.purpose == "best" and cutout.ranking[0] == extraction.frame.seq:
            found[cutout.track.id].best.append(extraction.frame.seq)


def _side(track: Track) -> float:
    return min(track.box[2] - track.box[0], track.box[3] - track.box[1])


def _interval(values: Sequence[float]) -> str:
    """95 % of the means of samples drawn anew, tracks with replacement."""
    rng = np.random.default_rng(1)
    means = rng.choice(np.array(values), (DRAWS, len(values))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{low:.3f} to {high:.3f}"


def _steady(life: Life) -> bool:
    """Whether the track shows one object all its life."""
    return len({one.object for one in life.pictures if one.object is not None}) == 1


def _row(name: str, judged: Sequence[Life]) -> list[str]:
    rule = RULES[name]
    values = [figure(life, rule) for life in judged]
    steady = [figure(life, rule) for life in judged if _steady(life)]
    sizes = [np.sqrt(rule(life).area / max(one.area for one in life.pictures)) for life in judged]
    whole = np.mean([value >= 0.95 for value in values])
    return [name, f"{np.mean(values):.3f}", _interval(values), f"{whole:.2f}", f"{np.mean(steady):.3f}",
            f"{np.mean(sizes):.2f}"]  # fmt: skip


@click.command()
@click.option("--seeds", default="400-415", help="which streets, such as 400-407,411")
@click.option("--seconds", default=16.0, help="length of each")
@click.option("--fps", default="12.5", help="frames a second")
@click.option("--size", default="1280x720", help="of the frames")
def main(seeds: str, seconds: float, fps: str, size: str) -> None:
    """Print the table."""
    config = Config.model_validate({"cutouts": {"every": "best", "matte": "mask"}})
    network = load_network(config.model)
    judged: list[Life] = []
    pictures = 0
    for seed in read_seeds(seeds):
        found = lives(f"synthetic://street?seconds={seconds}&size={size}&fps={fps}&seed={seed}", config, network)
        judged += found
        pictures += sum(len(life.best) for life in found)
        click.echo(f"seed={seed} tracks={len(found)}", err=True)
    table = Table("rule", "shown", "95 %", "share >= 0.95", "of one object", "size")
    for name in RULES:
        table.add_row(*_row(name, judged))
    Console().print(table)
    click.echo(f"{len(judged)} tracks, {pictures / len(judged):.1f} pictures written of each")


if __name__ == "__main__":
    main()
