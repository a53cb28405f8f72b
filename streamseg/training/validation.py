"""How good the averaged weights are while they are trained: data sets of stills -> AP, a line of JSON each time."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import msgspec

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, DataError
from streamseg.evaluation.names import distinct_names
from streamseg.evaluation.session import StillsPart
from streamseg.evaluation.stills import LOWEST_SCORE, StillsResult, find
from streamseg.inference.net import DeconvNet, Deployed
from streamseg.inference.network import DeconvNetwork
from streamseg.inference.runners import TorchRunner
from streamseg.training.dataset import load_dataset
from streamseg.training.recipe import Recipe

_SHOWN_FROM = ModelConfig().score


@dataclass(frozen=True, slots=True)
class Validation:
    """What the averaged weights scored after so many scenes.

    mask_ap, mask_ap50: 0..1, means over the data sets of the means over their categories. best: no mask AP before was
    as high. sets: by data set and category the keys of CategoryScore.
    """

    images: int
    mask_ap: float
    mask_ap50: float
    best: bool
    sets: dict[str, dict[str, dict[str, Any]]]


class Validator:
    """The data sets that a run is measured on, and their truth."""

    def __init__(self, data: Sequence[Path], recipe: Recipe, device: str):
        """Raises ConfigError without pycocotools; DataError: a set cannot be read, or nothing in it can be judged."""
        try:
            from streamseg.evaluation.average_precision import Judge
        except ImportError as error:
            raise ConfigError("--val needs pycocotools: pip install 'streamseg[train]'") from error
        self._recipe, self._device = recipe, device
        datasets = [load_dataset(path, recipe.labels) for path in data]
        names = distinct_names([(dataset.name, path) for dataset, path in zip(datasets, data, strict=True)])
        judges = [Judge(dataset, recipe.labels) for dataset in datasets]
        self._sets = list(zip(names, datasets, judges, strict=True))
        for path, judge in zip(data, judges, strict=True):
            if not judge.instances:
                labels = ", ".join(recipe.labels)
                raise DataError(f"{path}: nothing to validate on; needs all objects of one of {labels}, each apart")
        self.pictures = sum(len(dataset.pictures) for dataset in datasets)

    def measure(self, net: DeconvNet, on_picture: Callable[[], None] = lambda: None) -> list[StillsPart]:
        """What net, which is left as it is, finds on each data set, and how good that is."""
        side, threads = self._recipe.validate_side, self._recipe.threads
        model = ModelConfig(view=(side, side), score=LOWEST_SCORE, threads=threads)
        runner = TorchRunner(Deployed(copy.deepcopy(net).eval()), self._device, threads)
        network = DeconvNetwork(runner, net.config.labels, model, motion=net.config.motion)
        parts = []
        for name, dataset, judge in self._sets:
            found = find(network, dataset, on_picture)
            parts.append(StillsPart(name, StillsResult(dataset, judge, found, judge.measure(found)), _SHOWN_FROM))
        return parts


def validation_of(images: int, parts: Sequence[StillsPart], best: Validation | None) -> Validation:
    """The figures of a validation after so many scenes; best: the best before it."""
    scores = [list(part.result.measured.scores.values()) for part in parts]
    mask_ap = round(mean(mean(row.mask_ap for row in rows) for rows in scores), 4)
    mask_ap50 = round(mean(mean(row.mask_ap50 for row in rows) for rows in scores), 4)
    higher = best is None or mask_ap > best.mask_ap
    return Validation(images, mask_ap, mask_ap50, higher, {part.name: part.as_json() for part in parts})


class History:
    """The validations of a run in order, kept in a file that is whole at any time."""

    def __init__(self, file: Path, images: int):
        """images: scenes that the run has seen; what was measured after more belongs to weights that are lost."""
        self._file = file
        self.rows = [row for row in _read(file) if row.images <= images]

    @property
    def last(self) -> Validation | None:
        """The latest one."""
        return self.rows[-1] if self.rows else None

    @property
    def best(self) -> Validation | None:
        """The one of the highest mask AP, the first of equals."""
        return max(self.rows, key=lambda row: row.mask_ap, default=None)

    def append(self, row: Validation) -> None:
        """One more; it is written at once."""
        self.rows.append(row)
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text("".join(json.dumps(asdict(each)) + "\n" for each in self.rows), encoding="utf-8")
        temporary.replace(self._file)


def _read(file: Path) -> list[Validation]:
    if not file.exists():
        return []
    try:
        return [msgspec.convert(json.loads(line), Validation) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file}: not the validations of a run ({error}); use another --out") from error
