"""How good each single picture is at one score threshold, and which are the best, typical and worst of a set.

A picture's quality is the panoptic quality of Kirillov et al. 2019, "Panoptic Segmentation", eq. 1: mean IoU of what
matches, times F1.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from streamseg.evaluation.stills import StillsResult
from streamseg.training.dataset import Picture

Row = dict[str, Any]
Item = TypeVar("Item")

_MATCH_IOU = 0.5
_MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class PictureScore:
    """A picture, the true and the found objects (COCO rows), mean IoU of those that match and F1, 0..1."""

    picture: Picture
    truth: list[Row]
    found: list[Row]
    iou: float
    f1: float

    @property
    def quality(self) -> float:
        """Mean IoU times F1."""
        return self.iou * self.f1


def score_pictures(result: StillsResult, threshold: float) -> list[PictureScore]:
    """Best first, pictures without any object left out; only judged categories and objects from threshold on count."""
    truth, found = _by_picture(result.judge.rows), _by_picture(result.found)
    judged = result.judge.instances
    scores = []
    for picture in result.dataset.pictures:
        wanted = [row for row in truth[picture.id] if row["category_id"] in judged]
        seen = [row for row in found[picture.id] if row["category_id"] in judged and row["score"] >= threshold]
        if any(not row["iscrowd"] for row in wanted) or seen:
            scores.append(_compare(picture, wanted, seen))
    return sorted(scores, key=lambda score: -score.quality)


def best_typical_worst(ranked: Sequence[Item]) -> dict[str, Sequence[Item]]:
    """Up to four from the front, the middle and the end of a ranking, none twice."""
    count = min(_MOST_SHOWN, len(ranked) // 3)
    if not count:
        return {"best": ranked} if ranked else {}
    middle = (len(ranked) - count) // 2
    return {"best": ranked[:count], "typical": ranked[middle : middle + count], "worst": ranked[-count:]}


def _by_picture(rows: Sequence[Row]) -> defaultdict[int, list[Row]]:
    grouped: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["image_id"]].append(row)
    return grouped


def _compare(picture: Picture, truth: list[Row], found: list[Row]) -> PictureScore:
    """One to one, within a category; what lies in a region of several objects is neither right nor wrong."""
    single = [row for row in truth if not row["iscrowd"]]
    overlap = _overlap(found, single)
    overlap = np.where(overlap >= _MATCH_IOU, overlap, 0)
    rows, columns = linear_sum_assignment(-overlap)
    pairs = [value for value in overlap[rows, columns].tolist() if value > 0]
    matched = {row for row, column in zip(rows, columns, strict=True) if overlap[row, column] > 0}
    in_crowd = _overlap(found, [row for row in truth if row["iscrowd"]]).max(axis=1, initial=0) >= _MATCH_IOU
    wrong = sum(i not in matched and not in_crowd[i] for i in range(len(found)))
    missed = len(single) - len(pairs)
    f1 = 2 * len(pairs) / max(1, 2 * len(pairs) + wrong + missed)
    return PictureScore(picture, truth, found, float(np.mean(pairs)) if pairs else 0.0, f1)


def _overlap(found: Sequence[Row], truth: Sequence[Row]) -> np.ndarray:
    """IoU [found, true] of masks, with a region of several the share of what was found; 0 across categories."""
    from pycocotools import mask as run_lengths  # here: a report of clips does without pycocotools

    if not found or not truth:
        return np.zeros((len(found), len(truth)))
    masks = ([row["segmentation"] for row in rows] for rows in (found, truth))
    overlap = np.asarray(run_lengths.iou(*masks, [row["iscrowd"] for row in truth]))
    kinds = (np.array([row["category_id"] for row in rows]) for rows in (found, truth))
    return np.where(np.equal.outer(*kinds), overlap, 0)
