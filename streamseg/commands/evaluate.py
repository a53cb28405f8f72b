"""`streamseg evaluate`: how well a network does on data sets of stills."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.config import ModelConfig
from streamseg.errors import ConfigError

if TYPE_CHECKING:
    from streamseg.training.evaluate import Scores

_EXAMPLES = (
    ("streamseg evaluate coco_full-val.zip penn_fudan-val.zip", "the shipped network on two data sets"),
    ("streamseg evaluate mine.zip --model runs/mine/weights.safetensors --json scores.json", "your own"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", metavar="NAME|FILE", default="s", show_default=True)
@click.option("--runner", type=click.Choice(["auto", "torch", "openvino", "onnx"]), default="auto", show_default=True)
@click.option("--device", metavar="auto|cpu|cuda|cuda:N", default="auto", show_default=True)
@click.option("--side", type=int, default=416, show_default=True, help="side of the square view, px")
@click.option("--score", type=click.FloatRange(0, 1), help="leave out weaker objects; default: rank them all")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(path_type=Path), help="write the scores here too")
def evaluate(data: tuple[Path, ...], side: int, score: float | None, json_file: Path | None, **model: str) -> int:
    """Mask and box AP (COCO) per category on DATA: zips or folders with annotations.json.

    Categories that a data set does not annotate completely are left out: an unmarked object there is no mistake.
    """
    from streamseg.inference import load_network
    from streamseg.training.evaluate import LOWEST_SCORE, evaluate

    chosen = {"name": model["model"], "runner": model["runner"], "device": model["device"], "view": (side, side)}
    try:
        config = ModelConfig.model_validate(chosen | {"score": LOWEST_SCORE if score is None else score})
    except ValueError as error:
        raise ConfigError(f"evaluate: {error}") from error
    network = load_network(config)
    from rich.progress import Progress

    with Progress(transient=True) as progress:
        task = progress.add_task("pictures", total=None)
        scores = evaluate(network, data, lambda: progress.advance(task))
    _print(scores, network.describe())
    if json_file:
        rows = {name: {label: asdict(row) for label, row in table.items()} for name, table in scores.items()}
        json_file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


def _print(scores: "Scores", title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("data", "category", title=title)
    for heading in ("mask AP", "mask AP50", "box AP", "box AP50", "images", "instances"):
        table.add_column(heading, justify="right")
    for name, rows in scores.items():
        for label, row in rows.items():
            shares = (f"{value:.3f}" for value in (row.mask_ap, row.mask_ap50, row.box_ap, row.box_ap50))
            table.add_row(name, label, *shares, str(row.images), str(row.instances))
    Console().print(table)
