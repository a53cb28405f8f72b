"""Score a network on data sets of stills; every picture passes as a frame does: planes, view, runner, decode."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from streamseg.errors import ConfigError
from streamseg.geometry import rle_encode
from streamseg.pixels import RGB_COLOR, planes_from_rgb
from streamseg.preprocess import FitView
from streamseg.records import Frame, Instances
from streamseg.stages import Network
from streamseg.training.dataset import Dataset, Picture, load_dataset

if TYPE_CHECKING:
    from streamseg.evaluation.average_precision import CategoryScore, Judge, Measured

U8 = npt.NDArray[np.uint8]
Row = dict[str, Any]
Spoil = Callable[[Picture], U8]

LOWEST_SCORE = 0.01
"""AP looks at the whole ranking: score below which a network need not report, far under any useful threshold."""


@dataclass(frozen=True, slots=True)
class StillsResult:
    """A data set, what was found on it (COCO rows), and how good that is."""

    dataset: Dataset
    judge: "Judge"
    found: list[Row]
    measured: "Measured"


def evaluate(
    network: Network, data: Sequence[Path], on_picture: Callable[[], None] = lambda: None
) -> dict[str, dict[str, "CategoryScore"]]:
    """Scores of each data set, by category; categories that a set does not annotate completely are left out."""
    datasets = [load_dataset(path, network.labels) for path in data]
    return {dataset.name: score(network, dataset, on_picture).measured.scores for dataset in datasets}


def score(network: Network, dataset: Dataset, on_picture: Callable[[], None] = lambda: None) -> StillsResult:
    """Run the network on every picture of a data set, and compare.

    Raises:
        ConfigError: pycocotools is not installed.
        DataError: a picture cannot be decoded.
    """
    try:
        from streamseg.evaluation.average_precision import Judge
    except ImportError as error:
        raise ConfigError("evaluate needs pycocotools: pip install 'streamseg[train]'") from error
    judge = Judge(dataset, network.labels)
    found = find(network, dataset, on_picture)
    return StillsResult(dataset, judge, found, judge.measure(found))


def find(network: Network, dataset: Dataset, on_picture: Callable[[], None], spoil: Spoil = Picture.rgb) -> list[Row]:
    """What the network finds on all pictures, or on what spoil (uint8 [H, W, 3] RGB) makes of them."""
    fit, found = FitView(network.view_hw), list[Row]()
    for picture in dataset.pictures:
        found += _rows(network([fit(still_frame(picture.id, spoil(picture)))])[0], picture)
        on_picture()
    return found


def still_frame(picture_id: int, rgb: U8) -> Frame:
    """A single picture (uint8 [H, W, 3] RGB) as preprocess takes it."""
    return Frame("stills", picture_id, 0, planes_from_rgb(rgb, RGB_COLOR), RGB_COLOR)


def _rows(instances: Instances, picture: Picture) -> Iterator[Row]:
    height, width = picture.size_hw
    for i in range(len(instances)):
        x0, y0, x1, y1 = instances.boxes[i].tolist()
        mask = instances.masks[i].on((0, 0, width, height)) > 127
        yield {
            "image_id": picture.id, "category_id": int(instances.labels[i]), "score": float(instances.scores[i]),
            "bbox": [x0, y0, x1 - x0, y1 - y0], "segmentation": {"size": [height, width], "counts": rle_encode(mask)},
        }  # fmt: skip
