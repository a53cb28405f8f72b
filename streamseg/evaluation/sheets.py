"""Small pictures with what is true and what was found drawn on them, as JPEG."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.evaluation.clips import JudgedFrame
from streamseg.evaluation.matches import PictureScore
from streamseg.geometry import rle_decode
from streamseg.pixels import frame_rgb

U8 = npt.NDArray[np.uint8]

TRUTH_RGB, FOUND_RGB = (255, 255, 255), (255, 106, 0)
_LONG_SIDE = 360
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """A judged frame of a clip: J, boundary F (0..1), and a small JPEG of it."""

    seq: int
    j: float
    boundary_f: float
    jpeg: bytes


def picture_of(score: PictureScore) -> bytes:
    """The picture of a data set with its true and found objects."""
    return _outlined(
        score.picture.rgb(),
        [rle_decode(row["segmentation"]["counts"], score.picture.size_hw) for row in score.truth],
        [rle_decode(row["segmentation"]["counts"], score.picture.size_hw) for row in score.found],
    )


def frame_of(judged: JudgedFrame) -> ClipFrame:
    """The frame with its foreground and the object that fits best."""
    found = [] if judged.found is None else [judged.found.astype(np.uint8)]
    jpeg = _outlined(frame_rgb(judged.frame), [judged.wanted.astype(np.uint8)], found)
    return ClipFrame(judged.frame.seq, judged.outline.j, judged.outline.boundary_f, jpeg)


def data_uri(jpeg: bytes) -> str:
    """The picture inside its own address."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _outlined(rgb: U8, truth: Sequence[U8], found: Sequence[U8]) -> bytes:
    """Truth broad and white, found narrow and orange: where they agree, orange lies within white. Masks are 0/1."""
    height, width = rgb.shape[:2]
    scale = _LONG_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    wanted, seen = ([edges_of(mask, size) for mask in masks] for masks in (truth, found))
    for edges, colour, thickness in ((wanted, (0, 0, 0), 6), (wanted, TRUTH_RGB, 4), (seen, FOUND_RGB, 2)):
        for edge in edges:
            cv2.polylines(canvas, edge, isClosed=True, color=colour, thickness=thickness, lineType=cv2.LINE_AA)
    return jpeg_of(canvas)


def jpeg_of(rgb: U8) -> bytes:
    """uint8 [H, W, 3] RGB as JPEG."""
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def edges_of(mask: U8, size: tuple[int, int]) -> list[npt.NDArray[np.int32]]:
    """The outlines of a mask (uint8 [H, W] 0/1) in a picture of another size (width, height), as OpenCV draws them."""
    placed = cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_LINEAR)
    return list(cv2.findContours((placed > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0])
