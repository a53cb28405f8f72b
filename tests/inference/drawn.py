"""Pictures with coloured objects at known places, and whether a network found them there."""

from dataclasses import dataclass

import cv2
import numpy as np

from streamseg.config import ModelConfig
from streamseg.pixels import rgb_value_to_yuv
from streamseg.preprocess import FitView
from streamseg.records import U8, Color, Frame, Instances, Planes, Sample

VIEW_HW = (96, 160)
FRAME_HW = (272, 420)
RUNNERS = ("openvino", "onnx")
COLOURS = ((220, 30, 30), (30, 220, 30), (30, 30, 220))
VIEW_PX = FRAME_HW[0] / VIEW_HW[0]
"""One pixel of the view in frame pixels."""


@dataclass(frozen=True)
class Drawn:
    """An object in the picture: label, box (x0, y0, x1, y1, even frame pixels), an ellipse or a rectangle."""

    label: int
    box: tuple[int, int, int, int]
    ellipse: bool = False

    def mask(self) -> U8:
        canvas = np.zeros(FRAME_HW, np.uint8)
        x0, y0, x1, y1 = self.box
        if self.ellipse:
            middle, axes = ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2)
            return cv2.ellipse(canvas, middle, axes, 0, 0, 360, 1, -1)
        canvas[y0:y1, x0:x1] = 1
        return canvas


STREET = (Drawn(0, (30, 40, 120, 230)), Drawn(1, (160, 120, 300, 220), ellipse=True), Drawn(2, (320, 60, 400, 130)))


def draw(*objects: Drawn) -> Frame:
    """A grey picture with coloured objects, as planes."""
    planes = [
        np.full(hw, v, np.uint8) for hw, v in zip([FRAME_HW, (136, 210), (136, 210)], (100, 128, 128), strict=True)
    ]
    for item in objects:
        mask = item.mask()
        value = rgb_value_to_yuv(COLOURS[item.label], Color())
        for plane, v in zip(planes, value, strict=True):
            plane[(mask if plane.shape == FRAME_HW else mask[::2, ::2]) > 0] = v
    return Frame("cam", 0, 0, Planes(*planes))


def view(*objects: Drawn) -> Sample:
    return FitView(VIEW_HW)(draw(*objects))


def config(runner: str = "openvino", **changes: object) -> ModelConfig:
    return ModelConfig.model_validate({"runner": runner, "view": VIEW_HW, "threads": 1, **changes})


def check(found: Instances, *drawn: Drawn, box_px: float = 1.5 * VIEW_PX, iou: float = 0.85) -> None:
    """Every drawn object, and nothing else, in its place; the labels' order is the scores'."""
    assert found.labels.tolist() == [item.label for item in drawn]
    assert found.boxes.dtype == np.float32 and found.labels.dtype == np.int32
    for item, box, mask in zip(drawn, found.boxes, found.masks, strict=True):
        assert np.abs(box - item.box).max() < box_px, (box, item.box)
        got, truth = mask.on((0, 0, FRAME_HW[1], FRAME_HW[0])) > 127, item.mask() > 0
        assert np.count_nonzero(got & truth) / np.count_nonzero(got | truth) > iou
