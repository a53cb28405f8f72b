"""What a network found on a data set against the truth: average precision of masks, boundaries and boxes.

Lin et al. 2014, "Microsoft COCO: Common Objects in Context", as pycocotools computes it. Boundaries: Cheng et al. 2021,
"Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", sec. 4 and 5.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as run_lengths
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from streamseg.geometry import rle_decode, rle_encode
from streamseg.training.dataset import Dataset

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Row = dict[str, Any]

BOUNDARY = 0.02
"""How far from its outline a mask's boundary region reaches, as a share of the picture's diagonal."""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """AP over IoU 0.50:0.95 and at 0.50, 0..1; what it was measured on.

    boundary_ap: the lower of mask and boundary IoU counts. small, medium, large: objects below 32 x 32 pixels of the
    picture, below 96 x 96, and above; None where there is none.
    """

    mask_ap: float
    mask_ap50: float
    box_ap: float
    box_ap50: float
    boundary_ap: float
    mask_ap_small: float | None
    mask_ap_medium: float | None
    mask_ap_large: float | None
    images: int
    instances: int


@dataclass(frozen=True, slots=True)
class MaskAccuracy:
    """Mask AP over IoU 0.50:0.95 and at 0.50, mean over the categories, 0..1."""

    ap: float
    ap50: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Scores by category, and precision at the recalls 0, 0.01, ... 1 (float64 [101]) for masks at IoU 0.50."""

    scores: dict[str, CategoryScore]
    curves: dict[str, F64]


class Judge:
    """A data set's truth. What is found is a list of COCO rows, each with box and mask, see stills.find."""

    def __init__(self, dataset: Dataset, labels: Sequence[str]):
        """Categories that the set does not annotate completely, or has no object of, are not judged."""
        self.rows = _truth(dataset, labels)
        complete = {i for p in dataset.pictures if p.separated for i, known in enumerate(p.known) if known}
        counted = [row["category_id"] for row in self.rows if not row["iscrowd"]]
        self.instances = {label: counted.count(label) for label in sorted(complete) if label in counted}
        self._labels, self._images = labels, len(dataset.pictures)
        self._truth = COCO()
        self._truth.dataset = {
            "info": {},
            "images": [{"id": p.id, "height": p.size_hw[0], "width": p.size_hw[1]} for p in dataset.pictures],
            "annotations": self.rows,
            "categories": [{"id": i, "name": name} for i, name in enumerate(labels)],
        }
        with contextlib.redirect_stdout(io.StringIO()):
            self._truth.createIndex()

    def measure(self, found: Sequence[Row]) -> Measured:
        """Everything, by category."""
        masks, boxes = self._results(found, "bbox"), self._results(found, "segmentation")
        mask = self._precision(COCOeval(self._truth, masks, "segm"), areas=4)
        boundary = self._precision(_BoundaryEval(self._truth, masks, "segm"))
        box = self._precision(COCOeval(self._truth, boxes, "bbox"))
        scores, curves = {}, {}
        for place, (label, instances) in enumerate(self.instances.items()):
            outline, edge, frame = mask[:, :, place], boundary[:, :, place, 0], box[:, :, place, 0]
            scores[self._labels[label]] = CategoryScore(
                mask_ap=_mean(outline[..., 0]) or 0.0, mask_ap50=_mean(outline[:1, :, 0]) or 0.0,
                box_ap=_mean(frame) or 0.0, box_ap50=_mean(frame[:1]) or 0.0, boundary_ap=_mean(edge) or 0.0,
                mask_ap_small=_mean(outline[..., 1]), mask_ap_medium=_mean(outline[..., 2]),
                mask_ap_large=_mean(outline[..., 3]), images=self._images, instances=instances,
            )  # fmt: skip
            curves[self._labels[label]] = outline[0, :, 0]
        return Measured(scores, curves)

    def mask_accuracy(self, found: Sequence[Row]) -> MaskAccuracy:
        """Only masks, only the means over the categories: what repeated measuring needs."""
        precision = self._precision(COCOeval(self._truth, self._results(found, "bbox"), "segm"))
        return MaskAccuracy(_mean(precision) or 0.0, _mean(precision[:1]) or 0.0)

    def _results(self, found: Sequence[Row], without: str) -> COCO:
        """An object's area is its mask's, not its box's, where it has no box."""
        rows = [{key: value for key, value in row.items() if key != without} for row in found]
        if not rows:
            return COCO()
        with contextlib.redirect_stdout(io.StringIO()):
            return self._truth.loadRes(rows)

    def _precision(self, judge: COCOeval, areas: int = 1) -> F64:
        """[IoU threshold, recall, category, area: all, small, medium, large], -1 where there is nothing to find."""
        params = judge.params
        params.catIds, params.areaRng, params.maxDets = list(self.instances), params.areaRng[:areas], [100]
        with contextlib.redirect_stdout(io.StringIO()):
            judge.evaluate()
            judge.accumulate()
        return np.asarray(judge.eval["precision"][..., 0])


class _BoundaryEval(COCOeval):  # type: ignore[misc]  # pycocotools is untyped
    """Objects match as well as the worse of their masks and their boundaries do; regions of several by their masks."""

    def computeIoU(self, image: int, category: int) -> Any:
        """IoU [found, true], best score first."""
        overlap = super().computeIoU(image, category)
        truth, found = self._gts[image, category], self._dts[image, category]
        if not truth or not found:
            return overlap
        best = sorted(found, key=lambda row: -row["score"])[: self.params.maxDets[-1]]
        crowd = [int(row["iscrowd"]) for row in truth]
        edges = run_lengths.iou([_edge(row) for row in best], [_edge(row) for row in truth], crowd)
        return np.where(np.array(crowd, bool), overlap, np.minimum(overlap, edges))


def boundary(mask: U8) -> U8:
    """The pixels of a mask (uint8 [H, W] 0/1) near its outline, the picture's border being outside (sec. 4)."""
    reach = max(1, round(BOUNDARY * float(np.hypot(*mask.shape))))
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), iterations=reach, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask - inner


def _edge(row: Row) -> Row:
    """Run lengths of an object's boundary, kept with it."""
    if "edge" not in row:
        size = row["segmentation"]["size"]
        edge = boundary(rle_decode(row["segmentation"]["counts"], (size[0], size[1])))
        row["edge"] = {"size": size, "counts": rle_encode(edge)}
    return row["edge"]


def _truth(dataset: Dataset, labels: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for picture in dataset.pictures:
        for item in picture.annotations():
            if item.label < 0 or item.mask is None:
                continue
            x0, y0, x1, y1 = item.box
            rows.append({
                "id": len(rows) + 1, "image_id": picture.id, "category_id": item.label,
                "segmentation": {"size": list(picture.size_hw), "counts": rle_encode(item.mask)},
                "area": int(np.count_nonzero(item.mask)), "bbox": [x0, y0, x1 - x0, y1 - y0],
                "iscrowd": int(item.crowd),
            })  # fmt: skip
    return rows


def _mean(precision: F64) -> float | None:
    """The mean where there was something to find."""
    asked = precision[precision > -1]
    return round(float(asked.mean()), 4) if asked.size else None
