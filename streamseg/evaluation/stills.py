"""Score a network on data sets of stills: mask and box AP per category (COCO's definition, by pycocotools).

Every picture passes the same way as a frame: planes, network view, runner, decode.
"""

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streamseg.errors import ConfigError
from streamseg.geometry import rle_encode
from streamseg.pixels import planes_from_rgb
from streamseg.preprocess import FitView
from streamseg.records import Color, Frame, Instances
from streamseg.stages import Network
from streamseg.training.dataset import Dataset, Picture, load_dataset

LOWEST_SCORE = 0.01
"""AP looks at the whole ranking: score below which a network need not report, far under any useful threshold."""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """AP over IoU 0.50:0.95 and at 0.50, 0..1; what it was measured on."""

    mask_ap: float
    mask_ap50: float
    box_ap: float
    box_ap50: float
    images: int
    instances: int


Scores = dict[str, dict[str, CategoryScore]]


def evaluate(network: Network, data: Sequence[Path], on_picture: Callable[[], None] = lambda: None) -> Scores:
    """Scores of each data set, by category; categories that a set does not annotate completely are left out."""
    return {
        dataset.name: _score(network, dataset, on_picture)
        for dataset in (load_dataset(path, network.labels) for path in data)
    }


def _score(network: Network, dataset: Dataset, on_picture: Callable[[], None]) -> dict[str, CategoryScore]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise ConfigError("evaluate needs pycocotools: pip install 'streamseg[train]'") from error
    labels = network.labels
    truth, found, fit = COCO(), [], FitView(network.view_hw)
    truth.dataset = _truth(dataset, labels)
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        for picture in dataset.pictures:
            found += list(_rows(network([fit(_frame(picture))])[0], picture))
            on_picture()
        results = truth.loadRes(found) if found else COCO()
        measured = {}
        for kind in ("segm", "bbox"):
            judge = COCOeval(truth, results, kind)
            judge.evaluate()
            judge.accumulate()
            measured[kind] = judge.eval["precision"][:, :, :, 0, -1]
    complete = {label for picture in dataset.pictures if picture.separated for label in _known(picture)}
    scores = {labels[label]: _category(truth, measured, label) for label in sorted(complete)}
    return {name: score for name, score in scores.items() if score.instances}


def _known(picture: Picture) -> list[int]:
    return [label for label, known in enumerate(picture.known) if known]


def _truth(dataset: Dataset, labels: Sequence[str]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for picture in dataset.pictures:
        height, width = picture.size_hw
        images.append({"id": picture.id, "height": height, "width": width})
        for item in picture.annotations():
            if item.label < 0 or item.mask is None:
                continue
            x0, y0, x1, y1 = item.box
            annotations.append({
                "id": len(annotations) + 1, "image_id": picture.id, "category_id": item.label,
                "segmentation": {"size": [height, width], "counts": rle_encode(item.mask)},
                "area": int(np.count_nonzero(item.mask)), "bbox": [x0, y0, x1 - x0, y1 - y0],
                "iscrowd": int(item.crowd),
            })  # fmt: skip
    categories = [{"id": i, "name": name} for i, name in enumerate(labels)]
    return {"info": {}, "images": images, "annotations": annotations, "categories": categories}


def _frame(picture: Picture) -> Frame:
    color = Color("bt601", full_range=True, chroma_site="center")
    return Frame("stills", picture.id, 0, planes_from_rgb(picture.rgb(), color), color)


def _rows(instances: Instances, picture: Picture) -> Iterator[dict[str, Any]]:
    height, width = picture.size_hw
    for i in range(len(instances)):
        x0, y0, x1, y1 = instances.boxes[i].tolist()
        mask = instances.masks[i].on((0, 0, width, height)) > 127
        yield {
            "image_id": picture.id, "category_id": int(instances.labels[i]), "score": float(instances.scores[i]),
            "bbox": [x0, y0, x1 - x0, y1 - y0], "segmentation": {"size": [height, width], "counts": rle_encode(mask)},
        }  # fmt: skip


def _category(truth: Any, measured: dict[str, Any], label: int) -> CategoryScore:
    def mean(kind: str, thresholds: slice) -> float:
        precision = measured[kind][thresholds, :, label]
        return float(precision[precision > -1].mean()) if np.any(precision > -1) else 0.0

    rows = [a for a in truth.dataset["annotations"] if a["category_id"] == label and not a["iscrowd"]]
    every, half = slice(None), slice(0, 1)
    return CategoryScore(
        round(mean("segm", every), 4), round(mean("segm", half), 4),
        round(mean("bbox", every), 4), round(mean("bbox", half), 4),
        len(truth.dataset["images"]), len(rows),
    )  # fmt: skip
