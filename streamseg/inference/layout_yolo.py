"""YOLO-seg outputs: boxes with class scores and mask coefficients, and the prototypes that the coefficients mix.

Masks are sigmoid(coefficients @ prototypes), cut to the box: Bolya et al., "YOLACT: Real-time Instance Segmentation",
2019, sections 3.1 and 3.2.
"""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import Letterbox, SoftMask
from streamseg.inference.onnx_metadata import Metadata, unnamed
from streamseg.inference.view_objects import Candidates, Cells, Keep, candidates, instances
from streamseg.records import F32, Instances

NMS_IOU = 0.6
"""Boxes of one class that overlap a better one by more are the same object."""
NMS_CANDIDATES = 2000
"""Most candidates that non-maximum suppression looks at, the best ones."""
UNNAMED_CLASSES = 256
"""Classes that are understood where neither the metadata nor the shapes tell how many there are."""

Kind = Literal["yolo", "yolo-objectness", "yolo-end2end"]
_HEAD = {"yolo": 4, "yolo-objectness": 5, "yolo-end2end": 6}


@dataclass(frozen=True, slots=True)
class YoloForm:
    """One way to read the rows output.

    kind: yolo is cx, cy, w, h, class scores, coefficients; yolo-objectness has an objectness before the class scores,
    which they are multiplied by; yolo-end2end is x0, y0, x1, y1, score, label, coefficients, already suppressed.
    axis: 1 where an object is a column ([B, channels, A]), 2 where it is a row ([B, A, channels]).
    """

    kind: Kind
    axis: int
    classes: int


class YoloSeg:
    """The YOLO-seg layouts."""

    batched = True

    def __init__(
        self, form: YoloForm, labels: tuple[str, ...], *, rows: int, prototypes: int, view_hw: tuple[int, int]
    ):
        """rows, prototypes: the numbers of the two outputs."""
        self.labels = labels
        self.used: tuple[int, ...] = (rows, prototypes)
        self._form = form
        self._rows = rows
        self._prototypes = prototypes
        height, width = view_hw
        self._spread = np.array([0, 0, width, height], np.float32)

    @classmethod
    def recognise(
        cls, outputs: list[npt.NDArray[Any]], view_hw: tuple[int, int], metadata: Metadata
    ) -> "YoloSeg | None":
        """The layout, or None if there is no pair of rows [B, ., .] and prototypes [B, M, h, w].

        Raises:
            ValueError: there is such a pair, but with room for another number of classes than the metadata names.
        """
        floats = [(i, o) for i, o in enumerate(outputs) if np.issubdtype(o.dtype, np.floating)]
        rows = [(i, o) for i, o in floats if o.ndim == 3]
        prototypes = [(i, o) for i, o in floats if o.ndim == 4]
        if len(rows) != 1 or len(prototypes) != 1 or rows[0][1].shape[0] != prototypes[0][1].shape[0]:
            return None
        form = yolo_form(rows[0][1].shape, prototypes[0][1].shape[1], view_hw=view_hw, metadata=metadata)
        if form is None:
            return None
        labels = metadata.names or tuple(unnamed(label) for label in range(form.classes))
        labels = tuple(unnamed(label) for label in range(metadata.first or 0)) + labels
        return cls(form, labels, rows=rows[0][0], prototypes=prototypes[0][0], view_hw=view_hw)

    def decode(self, outputs: list[npt.NDArray[Any]], row: int, *, fit: Letterbox, keep: Keep) -> Instances:
        """Boxes, suppressed unless the network did it, and their masks."""
        table = outputs[self._rows][row].astype(np.float32, copy=False)
        table = table if self._form.axis == 2 else table.T
        boxes, scores, labels = self._columns(table)
        found = candidates(boxes, scores, labels, classes=len(self.labels), floor=keep.floor, fit=fit)
        if self._form.kind != "yolo-end2end":
            found = suppress(found)
        found = found.take(np.arange(min(len(found), keep.max_objects)))
        head = _HEAD[self._form.kind] + (0 if self._form.kind == "yolo-end2end" else self._form.classes)
        prototypes = outputs[self._prototypes][row].astype(np.float32, copy=False)
        coefficients = table[found.source, head:]
        masks = tuple(self._mask(c, prototypes, b, fit) for c, b in zip(coefficients, found.boxes, strict=True))
        return instances(found, masks, fit)

    def describe(self) -> str:
        shape = {1: "columns", 2: "rows"}[self._form.axis]
        return f"{self._form.kind} segmentation in {shape}, {len(self.labels)} classes"

    def _columns(self, table: F32) -> tuple[F32, F32, npt.NDArray[np.int64]]:
        """Corners (view pixels), scores and labels of every row."""
        if self._form.kind == "yolo-end2end":
            # a row without an object may hold anything
            labels = np.clip(np.nan_to_num(table[:, 5], nan=-1), -1, len(self.labels))
            return table[:, :4], table[:, 4], labels.astype(np.int64)
        head = _HEAD[self._form.kind]
        classes = table[:, head : head + self._form.classes]
        scores = classes.max(axis=1)
        if self._form.kind == "yolo-objectness":
            scores = scores * table[:, 4]
        half = table[:, 2:4] / 2
        return np.hstack([table[:, :2] - half, table[:, :2] + half]), scores, classes.argmax(axis=1)

    def _mask(self, coefficients: F32, prototypes: F32, box: F32, fit: Letterbox) -> SoftMask:
        height, width = prototypes.shape[1:]
        cells = Cells.under(box, (height, width), self._spread)
        logits = np.tensordot(coefficients, prototypes[:, cells.rows, cells.columns], axes=1)
        # sigmoid(x), written so that it cannot overflow
        return cells.soft_mask((1 + np.tanh(logits / 2)) / 2, fit)


def yolo_form(
    shape: tuple[int, ...], coefficients: int, *, view_hw: tuple[int, int], metadata: Metadata
) -> YoloForm | None:
    """How rows of a shape [B, P, Q] with that many mask coefficients are to be read; None if in no way.

    Raises:
        ValueError: the metadata names another number of classes than the shape has room for.
    """
    named = len(metadata.names) + (metadata.first or 0)
    possible = _possible(shape, coefficients, metadata)
    fitting = [f for f in possible if f.kind == "yolo-end2end" or named in (0, f.classes)]
    if possible and not fitting:
        room = " or ".join(f"{f.classes} ({f.kind}, axis {f.axis})" for f in possible)
        raise ValueError(f"metadata names {named} classes; a {list(shape)} output has room for {room}")
    return min(fitting, key=lambda form: _doubt(form, shape, view_hw), default=None)


def _possible(shape: tuple[int, ...], coefficients: int, metadata: Metadata) -> list[YoloForm]:
    forms = []
    for axis in (1, 2):
        forms.append(YoloForm("yolo", axis, shape[axis] - 4 - coefficients))
        if metadata.names or metadata.layout == "yolo-objectness":
            forms.append(YoloForm("yolo-objectness", axis, shape[axis] - 5 - coefficients))
    if shape[2] == 6 + coefficients:
        forms.append(YoloForm("yolo-end2end", 2, len(metadata.names) or UNNAMED_CLASSES))
    return [f for f in forms if f.classes > 0 and metadata.layout in (None, f.kind)]


def _doubt(form: YoloForm, shape: tuple[int, ...], view_hw: tuple[int, int]) -> tuple[bool, int]:
    """Orders the readings of a shape: end to end unless it has a row for every anchor; then the fewest channels."""
    cells = sum(view_hw[0] // stride * (view_hw[1] // stride) for stride in (8, 16, 32))
    every_anchor = shape[1] in (cells, 3 * cells)
    return (form.kind == "yolo-end2end") == every_anchor, shape[form.axis]


def suppress(found: Candidates) -> Candidates:
    """Greedy non-maximum suppression within each class, best score first."""
    found = found.take(np.arange(min(len(found), NMS_CANDIDATES)))
    if len(found) == 0:
        return found
    corners = found.boxes.astype(np.float64)
    sides = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    kept = cv2.dnn.NMSBoxesBatched(sides.tolist(), found.scores.tolist(), found.labels.tolist(), 0.0, NMS_IOU)
    return found.take(np.sort(np.asarray(kept, np.int64).ravel()))
