"""`streamseg export`: a network becomes a file for ONNX Runtime or OpenVINO, which is then compared with it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.config import ModelConfig
from streamseg.config_file import parse
from streamseg.errors import ConfigError
from streamseg.inference.card import Precision

if TYPE_CHECKING:
    from streamseg.export.parity import Parity
    from streamseg.export.write import Plan
    from streamseg.records import Sample
    from streamseg.stages import Network

_EXAMPLES = (
    ("streamseg export s --format onnx", "s.onnx, for all that reads ONNX"),
    ("streamseg export s --precision int8 --calibrate gate.mp4", "s-int8.xml, fitted to what a camera shows"),
    ("streamseg export runs/mine/weights.safetensors --check mine.zip", "and what it costs in mask AP"),
    ("streamseg run street.mp4 --model s-int8.xml", "what was written takes the network's place"),
)
_PRECISIONS: tuple[str, ...] = get_args(Precision)
_COMPARED = 8


class ViewSize(click.ParamType[tuple[int, int]]):
    """Height and width ("448x768"), as numbers."""

    name = "HxW"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", str(value))
        if sides is None:
            self.fail(f"{value!r} is not a height and a width with x between, like 448x768", param, ctx)
        return int(sides[1]), int(sides[2])


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.option("--format", type=click.Choice(["openvino", "onnx"]), default="openvino", show_default=True)
@click.option("--precision", type=click.Choice(_PRECISIONS), default="fp32", show_default=True)
@click.option("--view", metavar=ViewSize.name, type=ViewSize(), help="the one size it will take; default: model.view's")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="default: MODEL.onnx, MODEL-PRECISION.xml")
@click.option("--calibrate", metavar="SOURCE", multiple=True, help="frames to calibrate int8 and to compare on")
@click.option("--frames", metavar="N", type=click.IntRange(1), default=200, show_default=True, help="to calibrate with")
@click.option("--check", metavar="DATA", multiple=True, type=click.Path(path_type=Path), help="score both on DATA")
def export(model: str, frames: int, calibrate: tuple[str, ...], check: tuple[Path, ...], **chosen: Any) -> int:
    """Write MODEL, a shipped network or a .safetensors file, for ONNX Runtime or OpenVINO, and compare the two.

    \b
    precision  weights kept in  arithmetic on a CPU                       formats
    fp32       fp32             fp32, equal to MODEL but for rounding     onnx, openvino
    fp16       fp16             fp32                                      openvino
    bf16       fp16             bf16 where the CPU has it, else fp32      openvino
    int8       int8 and fp16    int8; between, bf16 where the CPU has it  openvino

    A SOURCE is what `streamseg run` takes, or a data set of stills (see train); DATA is what `evaluate` takes. Without
    a SOURCE the built-in street is compared on. Exit status 1 if fp32 differs from MODEL by more than rounding.
    """
    from streamseg.export.frames import STREET, read_samples
    from streamseg.export.parity import compare, faults
    from streamseg.export.write import write
    from streamseg.weights.header import read_metadata

    plan = _plan(model, **chosen)
    if plan.precision == "int8" and not calibrate:
        raise ConfigError("precision int8: needs --calibrate with clips or stills like those it will see")
    most = frames if plan.precision == "int8" else _COMPARED
    motion = read_metadata(plan.weights).motion
    samples = read_samples(calibrate or (STREET,), plan.view_hw, most, motion=motion)
    write(plan, samples)
    network, exported = _networks(plan)
    parity = compare(network, exported, _spread(samples))
    click.echo(f"{plan.out}: {exported.describe()}; {parity.objects} objects compared, {parity.lost} lost")
    _print_parity(parity)
    if check:
        _print_scores(plan, check)
    wrong = faults(parity) if plan.precision == "fp32" else []
    for fault in wrong:
        click.echo(f"streamseg: error: {plan.out}: equality with {model}: {fault}", err=True)
    return 1 if wrong else 0


def _plan(model: str, *, view: tuple[int, int] | None, out: Path | None, **chosen: Any) -> "Plan":
    from streamseg.export.write import Plan
    from streamseg.weights.header import find_weights

    weights = find_weights(model)
    view_hw = _config(model, view=view or ModelConfig().view).view
    named = f"{weights.stem}.onnx" if chosen["format"] == "onnx" else f"{weights.stem}-{chosen['precision']}.xml"
    return Plan(weights, view_hw=view_hw, out=out or Path(named), **chosen)


def _config(name: str, **settings: Any) -> ModelConfig:
    return parse({"model": {"name": name, **settings}}, "export").model


def _networks(plan: "Plan", **settings: Any) -> tuple["Network", "Network"]:
    """The network in fp32 by torch, and the file that was made of it, by the runner it is meant for."""
    from importlib.util import find_spec

    from streamseg.inference import load_network

    runner = "onnx" if plan.format == "onnx" and find_spec("onnxruntime") else "auto"
    common = {"view": plan.view_hw, "device": "cpu", **settings}
    first = load_network(_config(str(plan.weights), runner="torch", **common))
    return first, load_network(_config(str(plan.out), runner=runner, **common))


def _spread(samples: "list[Sample]") -> "list[Sample]":
    return samples[:: max(1, len(samples) // _COMPARED)][:_COMPARED]


def _print_parity(parity: "Parity") -> None:
    gaps = (("score", parity.score), ("box, px", parity.box_px), ("mask", parity.mask))
    rows = [(name, f"{gap.largest:.2g}", f"{gap.mean:.2g}") for name, gap in gaps]
    _print(("difference", "largest", "mean"), rows)


def _print_scores(plan: "Plan", data: Sequence[Path]) -> None:
    from streamseg.evaluation.stills import LOWEST_SCORE, evaluate

    rows: list[tuple[str, ...]] = []
    before, after = (evaluate(network, data) for network in _networks(plan, score=LOWEST_SCORE))
    for name, table in before.items():
        for label, score in table.items():
            other = after[name][label]
            figures = (score.mask_ap, other.mask_ap, score.mask_ap50, other.mask_ap50)
            rows.append((name, label, *(f"{figure:.3f}" for figure in figures)))
    _print(("data", "category", "mask AP", "exported", "AP50", "exported"), rows)


def _print(headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("difference", "data", "category") else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
