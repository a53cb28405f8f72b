"""Mask R-CNN outputs: corners, labels, scores, and a mask for each object, over its box or over the whole view.

Masks of the box: He et al., "Mask R-CNN", 2017, section 3. Shapes: torchvision's detection models and the ONNX model
zoo.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streamseg.geometry import Letterbox, SoftMask
from streamseg.inference.layout_yolo import UNNAMED_CLASSES
from streamseg.inference.onnx_metadata import Metadata, unnamed
from streamseg.inference.view_objects import Candidates, Cells, Keep, candidates, instances
from streamseg.records import Instances

_BACKGROUND = ("background", "__background__", "_background_", "bg")


@dataclass(frozen=True, slots=True)
class Roles:
    """Which output is what, by number."""

    boxes: int
    labels: int
    scores: int
    masks: int


class MaskRcnn:
    """The Mask R-CNN layouts. Without a batch axis ([N, 4] boxes) the network runs on one view at a time."""

    def __init__(self, roles: Roles, metadata: Metadata, *, batched: bool, view_hw: tuple[int, int]):
        self.batched = batched
        self.labels, self._first = class_names(metadata)
        self.used: tuple[int, ...] = (roles.boxes, roles.labels, roles.scores, roles.masks)
        self._roles = roles
        self._view_hw = view_hw

    @classmethod
    def recognise(
        cls, names: tuple[str, ...], outputs: list[npt.NDArray[Any]], view_hw: tuple[int, int], metadata: Metadata
    ) -> "MaskRcnn | None":
        """The layout, or None if the outputs are not one each of boxes, labels, scores and masks."""
        roles = find_roles(names, outputs)
        if roles is None:
            return None
        return cls(roles, metadata, batched=outputs[roles.boxes].ndim == 3, view_hw=view_hw)

    def decode(self, outputs: list[npt.NDArray[Any]], row: int, *, fit: Letterbox, keep: Keep) -> Instances:
        """The best objects and their masks."""
        mine = [output[row] for output in outputs] if self.batched else outputs
        boxes = mine[self._roles.boxes].astype(np.float32, copy=False)
        labels = mine[self._roles.labels].astype(np.int64) - self._first
        scores = mine[self._roles.scores].astype(np.float32, copy=False)
        found = candidates(boxes, scores, labels, classes=len(self.labels), floor=keep.floor, fit=fit)
        found = found.take(np.arange(min(len(found), keep.max_objects)))
        grids = mine[self._roles.masks]
        grids = grids[:, 0] if grids.ndim == 4 else grids
        masks = tuple(self._mask(grids[found.source[i]], found, i, fit) for i in range(len(found)))
        return instances(found, masks, fit)

    def describe(self) -> str:
        batch = "with" if self.batched else "without"
        return f"mask-rcnn {batch} a batch axis, {len(self.labels)} classes"

    def _mask(self, grid: npt.NDArray[Any], found: Candidates, i: int, fit: Letterbox) -> SoftMask:
        """A grid as large as the view covers it, any other covers the object's box."""
        height, width = grid.shape
        full = np.array([0, 0, width, height], np.float32)
        spread = full if (height, width) == self._view_hw else found.whole[i]
        cells = Cells.under(found.boxes[i], (height, width), spread)
        return cells.soft_mask(grid[cells.rows, cells.columns].astype(np.float32), fit)


def class_names(metadata: Metadata) -> tuple[tuple[str, ...], int]:
    """Class names without background, and the label value of the first one.

    A mapping's keys are the label values; a list that begins with a background counts from 0, any other from 1.
    """
    if not metadata.names:
        return tuple(unnamed(label) for label in range(1, 1 + UNNAMED_CLASSES)), 1
    background = metadata.names[0].lower() in _BACKGROUND and len(metadata.names) > 1
    first = metadata.first if metadata.first is not None else int(not background)
    return (metadata.names[1:], first + 1) if background else (metadata.names, first)


def find_roles(names: tuple[str, ...], outputs: list[npt.NDArray[Any]]) -> Roles | None:
    """Tell the outputs apart: by shape and element type, and by name where these leave a choice."""
    boxes = _pick(names, [i for i, o in enumerate(outputs) if o.ndim in (2, 3) and o.shape[-1] == 4], "box")
    if boxes is None:
        return None
    lead = outputs[boxes].shape[:-1]
    vectors = [i for i, o in enumerate(outputs) if o.shape == lead]
    whole = [i for i in vectors if np.issubdtype(outputs[i].dtype, np.integer)]
    labels = _pick(names, whole or vectors, "label", "class")
    scores = _pick(names, [i for i in vectors if i not in whole and i != labels], "score", "conf")
    stacks = [i for i, o in enumerate(outputs) if _is_mask_stack(o.shape, lead)]
    masks = _pick(names, stacks, "mask")
    if labels is None or scores is None or masks is None:
        return None
    return Roles(boxes, labels, scores, masks)


def _is_mask_stack(shape: tuple[int, ...], lead: tuple[int, ...]) -> bool:
    """[..., h, w] or [..., 1, h, w] after the leading axes of the boxes."""
    rest = shape[len(lead) :]
    return shape[: len(lead)] == lead and (len(rest) == 2 or (len(rest) == 3 and rest[0] == 1))


def _pick(names: tuple[str, ...], choice: list[int], *words: str) -> int | None:
    """The only one, or the only one whose name holds one of the words; None if that does not decide."""
    if len(choice) > 1:
        choice = [i for i in choice if any(word in names[i].lower() for word in words)]
    return choice[0] if len(choice) == 1 else None
