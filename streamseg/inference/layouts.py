"""Which output layout a user's network has, told by the names, shapes and element types of its outputs."""

from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from streamseg.errors import ModelError
from streamseg.geometry import Letterbox
from streamseg.inference.layout_mask_rcnn import MaskRcnn
from streamseg.inference.layout_yolo import YoloSeg
from streamseg.inference.onnx_input import list_shape
from streamseg.inference.onnx_metadata import Metadata
from streamseg.inference.view_objects import Keep
from streamseg.records import Instances

UNDERSTOOD = (
    "YOLO-seg, [B, 4+C+M, A] or [B, A, 4+C+M] or end to end [B, N, 6+M], with prototypes [B, M, h, w]; "
    "Mask R-CNN, boxes [N, 4], int labels [N], scores [N], masks [N, 1, h, w], a leading [B] allowed"
)
"""The layouts, for error messages; docs/own-networks.md has them in full."""


class Layout(Protocol):
    """Reads one kind of outputs.

    batched: they carry the batch as first axis, so that several views can run at once; used: the numbers of the
    outputs that are read.
    """

    labels: tuple[str, ...]
    batched: bool
    used: tuple[int, ...]

    def decode(self, outputs: list[npt.NDArray[Any]], row: int, *, fit: Letterbox, keep: Keep) -> Instances:
        """What view number row of the batch shows, in frame pixels."""
        ...

    def describe(self) -> str: ...


def recognise(
    path: Path, names: tuple[str, ...], outputs: list[npt.NDArray[Any]], *, view_hw: tuple[int, int], metadata: Metadata
) -> Layout:
    """The layout of outputs that the network gave for a view of view_hw.

    Raises:
        ModelError: none fits, or the metadata contradicts the shapes.
    """
    layout: Layout | None = None
    try:
        if metadata.layout in (None, "mask-rcnn"):
            layout = MaskRcnn.recognise(names, outputs, view_hw, metadata)
        if layout is None and metadata.layout != "mask-rcnn":
            layout = YoloSeg.recognise(outputs, view_hw, metadata)
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from error
    if layout is None:
        given = ", ".join(f"{n} {o.dtype} {list_shape(o.shape)}" for n, o in zip(names, outputs, strict=True))
        wanted = f" as {metadata.layout} (metadata output_layout)" if metadata.layout else ""
        raise ModelError(f"{path}: outputs {given} are not understood{wanted}; understood are: {UNDERSTOOD}")
    return layout
