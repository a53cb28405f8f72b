"""A decoded picture in (av.VideoFrame, any pixel format), 8-bit 4:2:0 planes that stand upright out.

Colour tags: ITU-T H.273, table 4 (matrix) and clause 8.3 (range).
"""

from dataclasses import dataclass, replace
from typing import Literal

import av
import numpy as np

from streamseg.capture.orientation import UPRIGHT, Orientation, turn_upright
from streamseg.pixels import planes_from_rgb
from streamseg.records import U8, Color, Planes

_BT709, _BT601 = 1, (4, 5, 6)
_CONVERTED = {7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_FULL_RANGE = 2
_HDR_TRANSFERS = (16, 18)
_RGB_COLOR = Color("bt601", full_range=True, chroma_site="center")
_COPIED = ("yuv420p", "yuvj420p", "yuva420p", "nv12", "nv21", "gray")


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes, what their numbers mean, how the picture was turned, and what had to be changed."""

    planes: Planes
    color: Color
    orientation: Orientation = UPRIGHT
    notes: tuple[str, ...] = ()


def read_picture(frame: av.VideoFrame, chroma_site: Literal["left", "center"] = "left") -> Picture:
    """Copy a decoded frame's planes out of the decoder's memory, as 8-bit 4:2:0, turned upright.

    chroma_site is what the coding format says of 4:2:0 pictures (left for MPEG-2 and later, center for JPEG).
    """
    picture = _read_rgb(frame) if _is_rgb(frame) else _read_yuv(frame, chroma_site)
    orientation = orientation_of(frame)
    if orientation != UPRIGHT:
        picture = _turned(picture, orientation)
    return replace(picture, notes=(*picture.notes, *_remarks(frame)))


def _turned(picture: Picture, orientation: Orientation) -> Picture:
    planes = turn_upright(picture.planes, orientation, chroma_left=picture.color.chroma_site == "left")
    color = replace(picture.color, chroma_site="center")
    return Picture(planes, color, orientation, (*picture.notes, str(orientation)))


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """How the frame must be turned to stand upright."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # the binding refuses the whole table when it holds a kind it does not know; rotation does not need the table
        return Orientation.from_degrees(frame.rotation)
    return Orientation.from_matrix(np.frombuffer(bytes(matrix), np.int32)) if matrix else UPRIGHT


def _is_rgb(frame: av.VideoFrame) -> bool:
    return bool(frame.format.is_rgb or frame.format.has_palette)


def _read_rgb(frame: av.VideoFrame) -> Picture:
    rgb = frame.to_ndarray(format="rgb24")
    return Picture(planes_from_rgb(rgb, _RGB_COLOR), _RGB_COLOR, notes=(f"{frame.format.name} to 8-bit 4:2:0",))


def _read_yuv(frame: av.VideoFrame, site: Literal["left", "center"]) -> Picture:
    name = frame.format.name
    full_range = frame.color_range == _FULL_RANGE or name.startswith("yuvj")
    notes: tuple[str, ...] = ()
    if frame.colorspace in _CONVERTED:
        notes = (f"{_CONVERTED[frame.colorspace]} to bt709",)
        space, limits = {"src_colorspace": frame.colorspace, "dst_colorspace": _BT709}, frame.color_range
        plain = frame.reformat(format="yuv420p", **space, src_color_range=limits, dst_color_range=limits)
    else:
        plain = frame if name in _COPIED else frame.reformat(format="yuv420p")
    if plain is not frame and name != "yuv420p":
        notes = (f"{name} to 8-bit 4:2:0", *notes)
    # chroma that stood at every column is averaged to the middle of its two columns
    every_column = plain is not frame and frame.format.chroma_width(16) == 16
    color = Color(_matrix(frame), full_range, "center" if every_column else site)
    return Picture(_copy(plain), color, notes=notes)


def _matrix(frame: av.VideoFrame) -> Literal["bt601", "bt709"]:
    if frame.colorspace == _BT709 or frame.colorspace in _CONVERTED:
        return "bt709"
    if frame.colorspace in _BT601:
        return "bt601"
    return "bt709" if frame.height >= 720 else "bt601"


def _copy(frame: av.VideoFrame) -> Planes:
    height, width = frame.height, frame.width
    rows, columns = (height + 1) // 2, (width + 1) // 2
    luma = _rows(frame.planes[0], height, width).copy()
    name = frame.format.name
    if name == "gray":
        return Planes(luma, np.full((rows, columns), 128, np.uint8), np.full((rows, columns), 128, np.uint8))
    if name in ("nv12", "nv21"):
        pairs = _rows(frame.planes[1], rows, 2 * columns)
        first, second = pairs[:, 0::2].copy(), pairs[:, 1::2].copy()
        return Planes(luma, first, second) if name == "nv12" else Planes(luma, second, first)
    u, v = (_rows(plane, rows, columns).copy() for plane in frame.planes[1:3])
    return Planes(luma, u, v)


def _rows(plane: av.video.plane.VideoPlane, height: int, width: int) -> U8:
    """A view of a plane's pixels without the padding that ends its lines."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height, :width]


def _remarks(frame: av.VideoFrame) -> tuple[str, ...]:
    remarks = []
    if frame.format.name.startswith(("yuva", "ya")):
        remarks.append("alpha left out")
    if frame.color_trc in _HDR_TRANSFERS:
        remarks.append("high dynamic range, not tone-mapped")
    if frame.interlaced_frame:
        remarks.append("interlaced")
    if frame.is_corrupt:
        remarks.append("decoded with errors")
    return tuple(remarks)
