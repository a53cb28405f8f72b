"""`streamseg train`: data sets and a recipe become weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streamseg.commands.flag_types import Names
from streamseg.commands.grouped_help import ExamplesCommand

if TYPE_CHECKING:
    from streamseg.training.recipe import Recipe
    from streamseg.training.watched import WatchedRun

_EXAMPLES = (
    ("streamseg train people.zip street/ --val people-val.zip --out runs/mine", "from the start, default recipe"),
    (
        "streamseg train mine.zip --val mine-val.zip --start s --labels person,forklift --images 20000",
        "go on from the shipped network with pictures and classes of your own",
    ),
    ("streamseg train *.zip --recipe configs/train.yaml", "the recipe of the shipped network"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), default=Path("runs/train"), show_default=True)
@click.option(
    "--val", metavar="DATA", multiple=True, type=click.Path(path_type=Path),
    help="zip or folder to validate on; may be given again",
)  # fmt: skip
@click.option("--recipe", "file", metavar="FILE", type=click.Path(path_type=Path), help="YAML; default: built in")
@click.option("--start", metavar="NAME|FILE", help="weights to go on from: a shipped network or a .safetensors")
@click.option("--labels", type=Names(), help="classes to learn, as DATA names them; default: the recipe's")
@click.option("--images", metavar="N", type=click.IntRange(min=1), help="training scenes in all; default: the recipe's")
@click.option("--device", metavar="cpu|cuda|cuda:N", default="cpu", show_default=True)
def train(
    data: tuple[Path, ...], out: Path, val: tuple[Path, ...], file: Path | None, start: str | None, device: str,
    **changed: Any,
) -> int:  # fmt: skip
    """Train a network on DATA: zips or folders in COCO format (annotations.json beside the images).

    DIR gets checkpoint.pt (the same command goes on from it), log.jsonl, report.html with curves and pictures, and
    weights.safetensors, which `streamseg run --model DIR/weights.safetensors` takes; with --val also validation.jsonl
    and best.safetensors. Ctrl-C saves before it ends.

    --start keeps all that the network knows; labels that are new to it begin fresh.
    """
    from rich.console import Console

    from streamseg.commands.train_display import display
    from streamseg.training.train import Trainer
    from streamseg.training.watched import WatchedRun
    from streamseg.weights.header import find_weights

    trainer = Trainer(_recipe(file, changed), data, out, device=device, start=find_weights(start) if start else None)
    if trainer.start_note and trainer.images == 0:
        click.echo(trainer.start_note, err=True)
    _warn_of_shared(data, val)
    with display(Console(stderr=True)) as shown:
        run = WatchedRun(trainer, val, shown.bar)
        try:
            for event in run.run():
                shown.update(event)
        except KeyboardInterrupt:
            run.save()
            click.echo(f"interrupted after {trainer.images} images; the same command goes on from here", err=True)
            return 130
    _say_results(run)
    return 0


def _recipe(file: Path | None, changed: dict[str, Any]) -> "Recipe":
    from streamseg.training.recipe import load_recipe

    recipe = load_recipe(file)
    update = {key: tuple(value) if isinstance(value, list) else value for key, value in changed.items() if value}
    return recipe.model_copy(update=update)


def _warn_of_shared(data: tuple[Path, ...], val: tuple[Path, ...]) -> None:
    learnt = {path.resolve() for path in data}
    shared = [str(path) for path in val if path.resolve() in learnt]
    if shared:
        click.echo(f"--val {', '.join(shared)}: also trained on, so its AP says little of new pictures", err=True)


def _say_results(run: "WatchedRun") -> None:
    best = run.history.best
    click.echo(f"{run.out / 'weights.safetensors'}: {run.trainer.images} images")
    if best is not None:
        click.echo(f"{run.out / 'best.safetensors'}: mask AP {best.mask_ap:.3f} after {best.images} images")
    click.echo(f"{run.out / 'report.html'}: how it went")
