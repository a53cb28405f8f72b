"""A sheet of training scenes: what the network is shown, with the outlines that it should find."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.evaluation.sheets import TRUTH_RGB, edges_of, jpeg_of
from streamseg.training.scene import Scene, Thing

U8 = npt.NDArray[np.uint8]

SCENES = 24
CELL = 240
GAP = 6
_COLUMNS = 4
_CROWD_RGB = (150, 150, 150)


def write_scene_sheet(scenes: Sequence[Scene], labels: Sequence[str], file: Path) -> None:
    """Scenes as one JPEG, four in a row, each with its motion map beside it if it has one."""
    file.write_bytes(jpeg_of(scene_sheet(scenes, labels)))


def scene_sheet(scenes: Sequence[Scene], labels: Sequence[str]) -> U8:
    """uint8 [H, W, 3] RGB; objects are white and named, regions of several grey; all scenes of one size."""
    cells = [_cell(scene, labels) for scene in scenes]
    height, width = cells[0].shape[:2]
    rows = -(-len(cells) // _COLUMNS)
    sheet = np.full((rows * (height + GAP) - GAP, _COLUMNS * (width + GAP) - GAP, 3), 255, np.uint8)
    for i, cell in enumerate(cells):
        y, x = i // _COLUMNS * (height + GAP), i % _COLUMNS * (width + GAP)
        sheet[y : y + height, x : x + width] = cell
    return sheet


def _cell(scene: Scene, labels: Sequence[str]) -> U8:
    size = CELL, CELL
    canvas = cv2.resize(scene.rgb, size, interpolation=cv2.INTER_AREA)
    _outline(canvas, np.asarray(scene.crowd.max(axis=0)), _CROWD_RGB)
    for thing in scene.things:
        _outline(canvas, _mask(thing, scene.rgb.shape[0]), TRUTH_RGB)
    for thing in scene.things:
        _name(canvas, labels[thing.label], thing.box, CELL / scene.rgb.shape[0])
    if scene.motion is None:
        return canvas
    motion = cv2.resize(scene.motion, size, interpolation=cv2.INTER_NEAREST)
    return np.hstack([canvas, cv2.cvtColor(motion, cv2.COLOR_GRAY2RGB)])


def _mask(thing: Thing, side: int) -> U8:
    """Its mask, or its box where only that is known."""
    if thing.mask is not None:
        return thing.mask
    mask = np.zeros((side, side), np.uint8)
    x0, y0, x1, y1 = (round(value) for value in thing.box)
    mask[y0:y1, x0:x1] = 1
    return mask


def _outline(canvas: U8, mask: U8, colour: tuple[int, int, int]) -> None:
    edges = edges_of(mask, (CELL, CELL))
    for shade, thickness in (((0, 0, 0), 3), (colour, 1)):
        cv2.polylines(canvas, edges, isClosed=True, color=shade, thickness=thickness, lineType=cv2.LINE_AA)


def _name(canvas: U8, text: str, box: tuple[float, float, float, float], scale: float) -> None:
    place = round(box[0] * scale) + 2, max(10, round(box[1] * scale) - 3)
    for shade, thickness in (((0, 0, 0), 3), (TRUTH_RGB, 1)):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.34, shade, thickness, cv2.LINE_AA)
