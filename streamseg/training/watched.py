"""A training run that shows how it goes: validation.jsonl, best.safetensors, scenes.jpg and report.html in its folder.

None of it changes what is trained.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from streamseg.evaluation.report import sheet_of
from streamseg.evaluation.session import Bar
from streamseg.training.curves import read_curves
from streamseg.training.run_report import RunView, page
from streamseg.training.scene_sheet import SCENES, write_scene_sheet
from streamseg.training.train import Progress, Trainer, scene_chance, scene_maker
from streamseg.training.validation import History, Validation, Validator, validation_of


class WatchedRun:
    """A Trainer, and what is measured and written while it runs."""

    def __init__(self, trainer: Trainer, val: Sequence[Path], bar: Bar = lambda name, steps: lambda: None):
        """val: data sets to validate on, none: no validation; bar: shows how a validation gets on.

        Raises:
            ConfigError: validation needs pycocotools, which is not installed.
            DataError: a data set of val cannot be read, or nothing in it can be judged.
        """
        self.trainer, self.out, self._bar = trainer, trainer.out, bar
        self._validator = Validator(val, trainer.recipe, str(trainer.device)) if val else None
        self.history = History(self.out / "validation.jsonl", trainer.images)
        self._sheets: dict[str, str] = {}

    def run(self) -> Iterator[Progress | Validation]:
        """Train to the end; yields after every batch and every validation."""
        self._write_scenes()
        if self._validator and self.trainer.begun_from and not self.trainer.images and not self.history.rows:
            yield self._validate(self._validator)
        for progress in self.trainer.run():
            yield progress
            if self._validator and self._is_due():
                yield self._validate(self._validator)
            elif progress.saved:
                self._write_report()
        if self._validator and self._is_due():
            yield self._validate(self._validator)

    def save(self) -> None:
        """Checkpoint, weights and report as they stand."""
        self.trainer.save()
        self._write_report()

    def _is_due(self) -> bool:
        recipe, images = self.trainer.recipe, self.trainer.images
        last = self.history.last.images if self.history.last else 0
        at_end = images >= recipe.images and (not self.history.last or last < images)
        return at_end or images // recipe.validate_images > last // recipe.validate_images

    def _validate(self, validator: Validator) -> Validation:
        # a run that goes on from an older checkpoint would come by here again
        self.trainer.save()
        parts = validator.measure(self.trainer.average, self._bar("validation", validator.pictures))
        validation = validation_of(self.trainer.images, parts, self.history.best)
        if validation.best:
            self.trainer.save_average(self.out / "best.safetensors")
        self.history.append(validation)
        self._sheets = {part.name: sheet_of(part) for part in parts}
        self._write_report()
        return validation

    def _write_scenes(self) -> None:
        trainer, file = self.trainer, self.out / "scenes.jpg"
        if trainer.images and file.exists():
            return
        maker, rng = scene_maker(trainer.sources, trainer.recipe), scene_chance(trainer.recipe, trainer.images)
        write_scene_sheet([maker.make(rng) for _ in range(SCENES)], trainer.recipe.labels, file)

    def _write_report(self) -> None:
        scenes, name, wanted = self.out / "scenes.jpg", self.out.resolve().name, self.trainer.recipe.images
        view = RunView(
            name, self.trainer.images, wanted, read_curves(self.out / "log.jsonl"), self.history.rows, self._sheets,
            scenes.read_bytes() if scenes.exists() else b"",
        )  # fmt: skip
        temporary = self.out / "report.tmp"
        temporary.write_text(page(view), encoding="utf-8")
        temporary.replace(self.out / "report.html")
