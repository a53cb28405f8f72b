"""`streamseg evaluate`: how well a network does on data sets of stills, and on clips with their truth beside them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.config import ModelConfig
from streamseg.errors import ConfigError

if TYPE_CHECKING:
    from streamseg.evaluation.clips import ClipScore
    from streamseg.evaluation.stills import Scores

_EXAMPLES = (
    ("streamseg evaluate coco_full-val.zip penn_fudan-val.zip", "the shipped network on two data sets"),
    ("streamseg evaluate mine.zip --model runs/mine/weights.safetensors --json scores.json", "your own"),
    ("streamseg evaluate gate.mp4", "a clip; gate.masks.jsonl or gate.gt.txt lies beside it"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", metavar="NAME|FILE", default="s", show_default=True)
@click.option("--runner", type=click.Choice(["auto", "torch", "openvino", "onnx"]), default="auto", show_default=True)
@click.option("--device", metavar="auto|cpu|cuda|cuda:N", default="auto", show_default=True)
@click.option("--side", type=int, default=416, show_default=True, help="side of the square view of stills, px")
@click.option("--score", type=click.FloatRange(0, 1), help="leave out weaker objects; default: of stills rank them all")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(path_type=Path), help="write the scores here too")
def evaluate(data: tuple[Path, ...], side: int, score: float | None, json_file: Path | None, **model: str) -> int:
    """Score a network on DATA.

    Zips or folders with annotations.json: mask and box AP (COCO) per category; categories that a data set does not
    annotate completely are left out, as an unmarked object there is no mistake.

    Clips, followed as `streamseg run` does: NAME.masks.jsonl beside one gives J and boundary F of the object that fits
    best, and precision, recall and F of all; NAME.gt.txt (MOTChallenge) gives HOTA, IDF1 and MOTA.
    """
    from streamseg.evaluation.clips import beside

    chosen: dict[str, Any] = {"name": model["model"], "runner": model["runner"], "device": model["device"]}
    if score is not None:
        chosen["score"] = score
    clips = [path for path in data if any(truth.exists() for truth in beside(path))]
    stills = [path for path in data if path not in clips]
    rows: dict[str, dict[str, Any]] = {}
    if stills:
        rows |= _on_stills(stills, chosen | {"view": (side, side)})
    if clips:
        rows |= _on_clips(clips, chosen)
    if json_file:
        json_file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


def _on_stills(stills: Sequence[Path], chosen: dict[str, Any]) -> dict[str, dict[str, Any]]:
    from streamseg.evaluation.stills import LOWEST_SCORE, evaluate
    from streamseg.inference import load_network

    network = load_network(_model({"score": LOWEST_SCORE} | chosen))
    scores = _with_progress("pictures", partial(evaluate, network, stills))
    _print_stills(scores, network.describe())
    return {name: {label: asdict(row) for label, row in table.items()} for name, table in scores.items()}


def _on_clips(clips: Sequence[Path], chosen: dict[str, Any]) -> dict[str, dict[str, Any]]:
    from streamseg.evaluation.clips import evaluate_clip
    from streamseg.inference import load_network

    model = _model(chosen)
    network = load_network(model)
    scores = {clip.stem: _with_progress(clip.stem, partial(evaluate_clip, clip, network, model)) for clip in clips}
    _print_clips(scores, network.describe())
    parts = {name: (score.outlines, score.identities) for name, score in scores.items()}
    return {name: {k: v for part in both if part for k, v in asdict(part).items()} for name, both in parts.items()}


def _model(chosen: dict[str, Any]) -> ModelConfig:
    try:
        return ModelConfig.model_validate(chosen)
    except ValueError as error:
        raise ConfigError(f"evaluate: {error}") from error


def _with_progress(what: str, work: Callable[[Callable[[], None]], Any]) -> Any:
    from rich.progress import Progress

    with Progress(transient=True) as progress:
        task = progress.add_task(what, total=None)
        return work(lambda: progress.advance(task))


def _print_stills(scores: "Scores", title: str) -> None:
    headings = ("mask AP", "mask AP50", "box AP", "box AP50", "images", "instances")
    rows = [(name, label, *astuple(row)) for name, table in scores.items() for label, row in table.items()]
    _print(title, ("data", "category"), headings, rows)


def _print_clips(scores: dict[str, "ClipScore"], title: str) -> None:
    outlines = [(name, *astuple(score.outlines)) for name, score in scores.items() if score.outlines]
    identities = [(name, *astuple(score.identities)) for name, score in scores.items() if score.identities]
    if outlines:
        _print(title, ("clip",), ("J", "boundary F", "precision", "recall", "F", "frames"), outlines)
    if identities:
        headings = ("HOTA", "IDF1", "MOTA", "objects", "missed", "wrong", "switches")
        _print(title, ("clip",), headings, identities)


def _print(title: str, names: Sequence[str], headings: Sequence[str], rows: Sequence[tuple[str | float, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*names, title=title)
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row))
    Console().print(table)
