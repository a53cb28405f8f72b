"""Small real ONNX networks for tests: what is red, green or blue in the picture is an object of class 0, 1 or 2.

They measure the coloured area in the picture itself, so that boxes and masks can be compared with what was drawn.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SCORES = (0.9, 0.8, 0.7)
FLOAT, FLOAT16, UINT8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8
Shape = tuple[int | str, ...]


class ColourNetwork:
    """Builds the graph node by node; one of the methods named after a layout adds the outputs."""

    def __init__(self, shape: Shape = ("batch", 3, "height", "width"), dtype: int = FLOAT, bgr_255: bool = False):
        """bgr_255: the network takes blue first, as (value - 100) / 50 of 0..255."""
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.input = helper.make_tensor_value_info("images", dtype, shape)
        picture = self._as_rgb(dtype, bgr_255, batchless=len(shape) == 3)
        weights = (1.5 * np.eye(3) - 0.5).reshape(3, 3, 1, 1)
        # 220 in one channel and 30 in the others answers 1
        raw = self.op("Conv", picture, self.const(weights * 255 / 190))
        self.response = self.op("Clip", raw, self.const(0.0), self.const(1.0))
        hit = self.op("Cast", self.op("Greater", self.response, self.const(0.5)), to=FLOAT)
        self.x0, self.x1 = self._extent(hit, across=2)
        self.y0, self.y1 = self._extent(hit, across=3)
        present = self.op("ReduceMax", hit, axes=[2, 3], keepdims=0)
        self.scores = self.op("Mul", present, self.const(SCORES))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def const(self, value: Any, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def save(self, path: Path, metadata: dict[str, str] | None = None, check: bool = True) -> Path:
        graph = helper.make_graph(self.nodes, "colours", [self.input], self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        helper.set_model_props(model, metadata or {})
        if check:
            onnx.checker.check_model(model)
        onnx.save(model, path)
        return path

    def yolo(self, rows: bool = False, objectness: bool = False, dtype: int = FLOAT) -> "ColourNetwork":
        """Three good anchors, three weaker ones two pixels beside them, and empty ones."""
        good, weaker = self._anchors(0.0, 1.0, objectness), self._anchors(2.0, 0.8, objectness)
        table = self.op("Concat", good, weaker, axis=1)
        table = self.op("Pad", table, self.const([0, 0, 0, 0, 10, 0], np.int64))
        table = table if rows else self.op("Transpose", table, perm=[0, 2, 1])
        self._output(table, "output0", [None] * 3, dtype)
        self._output(self._prototypes(), "output1", [None, 4, None, None], dtype)
        return self

    def yolo_end2end(self) -> "ColourNetwork":
        """Three rows with corners, and two empty ones."""
        corners = self._stack(self.x0, self.y0, self.x1, self.y1)
        labels = self._spread([[0], [1], [2]])
        table = self.op("Concat", corners, self._stack(self.scores), labels, self._coefficients(), axis=2)
        self._output(self.op("Pad", table, self.const([0, 0, 0, 0, 2, 0], np.int64)), "output0", [None] * 3)
        self._output(self._prototypes(), "output1", [None, 4, None, None])
        return self

    def mask_rcnn(self, full_size: bool = False, only_present: bool = True, lead: bool = False) -> "ColourNetwork":
        """only_present: N is what the picture holds, else always 3; lead: boxes [1, N, 4] instead of [N, 4]."""
        first = self.const([0], np.int64)
        corners = self._of_first_picture(self._stack(self.x0, self.y0, self.x1, self.y1))
        scores = self._of_first_picture(self.scores)
        labels = self.const([1, 2, 3], np.int64)
        if only_present:
            index = self.op("Squeeze", self.op("NonZero", scores), first)
            corners, scores, labels = (self.op("Gather", t, index, axis=0) for t in (corners, scores, labels))
        classes = self.op("Sub", labels, self.const(1, np.int64))
        masks = self._whole_masks(classes) if full_size else self._box_masks(corners, classes)
        found = {"boxes": corners, "labels": labels, "scores": scores, "masks": masks}
        if lead:
            found = {name: self.op("Unsqueeze", tensor, first) for name, tensor in found.items()}
        ranks = {"boxes": 2, "labels": 1, "scores": 1, "masks": 4}
        for name, tensor in found.items():
            self._output(tensor, name, [None] * (ranks[name] + lead), TensorProto.INT64 if name == "labels" else FLOAT)
        return self

    def unknown(self) -> "ColourNetwork":
        self._output(self.response, "heat", [None] * 4)
        return self

    def add_failing_output(self) -> None:
        """Rows joined to others of another length; how long they are depends on the picture."""
        joined = self.op("Concat", self.op("NonZero", self.response), self.const(np.ones((1, 3)), np.int64), axis=0)
        self._output(self.op("Cast", joined, to=FLOAT), "bad", [None, None])

    def _as_rgb(self, dtype: int, bgr_255: bool, batchless: bool) -> str:
        picture = self.op("Cast", "images", to=FLOAT)
        if batchless:
            picture = self.op("Unsqueeze", picture, self.const([0], np.int64))
        if bgr_255:
            value = self.op("Add", self.op("Mul", picture, self.const(50.0)), self.const(100.0))
            picture = self.op("Gather", value, self.const([2, 1, 0], np.int64), axis=1)
        return self.op("Div", picture, self.const(255.0)) if bgr_255 or dtype == UINT8 else picture

    def _extent(self, hit: str, across: int) -> tuple[str, str]:
        """Where the hits of each class begin and end: two [B, 3], after taking the maximum across an axis."""
        line = self.op("ReduceMax", hit, axes=[across], keepdims=0)
        on = self.op("Greater", line, self.const(0.5))
        ones = self.op("Add", self.op("Mul", line, self.const(0.0)), self.const(1.0))
        ends = self.op("CumSum", ones, self.const(2, np.int64))
        begins = self.op("Sub", ends, self.const(1.0))
        low = self.op("ReduceMin", self.op("Where", on, begins, self.const(9999.0)), axes=[2], keepdims=0)
        return low, self.op("ReduceMax", self.op("Where", on, ends, self.const(-1.0)), axes=[2], keepdims=0)

    def _stack(self, *columns: str) -> str:
        """[B, 3] each to [B, 3, n]."""
        return self.op("Concat", *(self.op("Unsqueeze", c, self.const([2], np.int64)) for c in columns), axis=2)

    def _spread(self, rows: Any) -> str:
        """Constant rows [3, n] for every picture of the batch."""
        zero = self.op("Mul", self._stack(self.scores), self.const(0.0))
        return self.op("Add", zero, self.const(rows))

    def _anchors(self, shift_px: float, weight: float, objectness: bool) -> str:
        half = self.const(0.5)
        centre_x = self.op("Mul", self.op("Add", self.x0, self.x1), half)
        centre_y = self.op("Add", self.op("Mul", self.op("Add", self.y0, self.y1), half), self.const(shift_px))
        sides = self.op("Sub", self.x1, self.x0), self.op("Sub", self.y1, self.y0)
        boxes = self._stack(centre_x, centre_y, *sides)
        scores = self.op("Mul", self._stack(self.scores), self.const(np.eye(3) * weight))
        halved = [self.op("Add", self.op("Mul", self._stack(self.scores), self.const(0.0)), half)] if objectness else []
        return self.op("Concat", boxes, *halved, scores, self._coefficients(), axis=2)

    def _coefficients(self) -> str:
        return self._spread(np.hstack([20 * np.eye(3), np.full((3, 1), -10)]))

    def _prototypes(self) -> str:
        pooled = self.op("AveragePool", self.response, kernel_shape=[4, 4], strides=[4, 4])
        one = self.op("ReduceMax", self.op("Mul", pooled, self.const(0.0)), axes=[1], keepdims=1)
        return self.op("Concat", pooled, self.op("Add", one, self.const(1.0)), axis=1)

    def _of_first_picture(self, tensor: str) -> str:
        return self.op("Gather", tensor, self.const(0, np.int64), axis=0)

    def _box_masks(self, corners: str, classes: str) -> str:
        batch = self.op("Mul", classes, self.const(0, np.int64))
        size = {"output_height": 28, "output_width": 28, "sampling_ratio": 2}
        pooled = self.op("RoiAlign", self.response, corners, batch, mode="avg", spatial_scale=1.0, **size)
        chosen = self.op("Unsqueeze", self.op("Gather", self.const(np.eye(3)), classes), self.const([2, 3], np.int64))
        return self.op("ReduceSum", self.op("Mul", pooled, chosen), self.const([1], np.int64), keepdims=1)

    def _whole_masks(self, classes: str) -> str:
        single = self._of_first_picture(self.response)
        return self.op("Unsqueeze", self.op("Gather", single, classes, axis=0), self.const([1], np.int64))

    def _output(self, tensor: str, name: str, shape: list[int | None], dtype: int = FLOAT) -> None:
        kind = "Identity" if dtype != FLOAT16 else "Cast"
        attributes = {"to": FLOAT16} if dtype == FLOAT16 else {}
        self.nodes.append(helper.make_node(kind, [tensor], [name], **attributes))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))
