"""`streamseg train`: data sets and a recipe become weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamseg.commands.grouped_help import ExamplesCommand

if TYPE_CHECKING:
    from streamseg.training.train import Trainer

_EXAMPLES = (
    ("streamseg train people.zip street/ --out runs/mine", "from the start, default recipe"),
    ("streamseg train mine.zip --start s --images 20000", "go on from the shipped network with pictures of your own"),
    ("streamseg train *.zip --recipe configs/train.yaml", "the recipe of the shipped network"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), default=Path("runs/train"), show_default=True)
@click.option("--recipe", metavar="FILE", type=click.Path(path_type=Path), help="YAML; default: built in")
@click.option("--start", metavar="NAME|FILE", help="weights to go on from: a shipped network or a .safetensors")
@click.option("--images", metavar="N", type=click.IntRange(min=1), help="training scenes in all; default: the recipe's")
@click.option("--device", metavar="cpu|cuda", default="cpu", show_default=True)
def train(
    data: tuple[Path, ...], out: Path, recipe: Path | None, start: str | None, images: int | None, device: str
) -> int:
    """Train a network on DATA: zips or folders in COCO format (annotations.json beside the images).

    DIR gets checkpoint.pt (the same command goes on from it), log.jsonl, and weights.safetensors, which
    `streamseg run --model DIR/weights.safetensors` takes. Ctrl-C saves before it ends.
    """
    from streamseg.training.recipe import load_recipe
    from streamseg.training.train import Trainer
    from streamseg.weights.header import find_weights

    chosen = load_recipe(recipe)
    if images is not None:
        chosen = chosen.model_copy(update={"images": images})
    trainer = Trainer(chosen, data, out, device=device, start=find_weights(start) if start else None)
    try:
        _show(trainer)
    except KeyboardInterrupt:
        trainer.save()
        click.echo(f"interrupted after {trainer.images} images; the same command goes on from here", err=True)
        return 130
    click.echo(f"{out / 'weights.safetensors'}: {trainer.images} images")
    return 0


def _show(trainer: "Trainer") -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]:.1f}/s"),
        TimeRemainingColumn(), TextColumn("{task.fields[terms]}"),
    )  # fmt: skip
    with Progress(*columns) as progress:
        task = progress.add_task("", total=trainer.recipe.images, completed=trainer.images, rate=0.0, terms="")
        for state in trainer.run():
            terms = " ".join(f"{name} {value:.2f}" for name, value in state.terms.items())
            progress.update(task, completed=state.images, rate=state.rate, terms=terms)
