"""A decoded picture in (av.VideoFrame, any pixel format), 8-bit 4:2:0 planes that stand upright out.

Colour tags: ITU-T H.273, table 4 (matrix) and clause 8.3 (range).
"""

from dataclasses import dataclass, replace
from typing import Literal

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer

from streamseg.capture.orientation import UPRIGHT, Orientation, turn_upright
from streamseg.pixels import RGB_COLOR, planes_from_rgb
from streamseg.records import U8, Color, Planes

_BT709, _BT601 = 1, (4, 5, 6)
_CONVERTED = {7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_FULL_RANGE = 2
_HDR_TRANSFERS = (16, 18)
_PLANAR = ("yuv420p", "yuvj420p", "yuva420p", "gray")
_SEMIPLANAR = ("nv12", "nv21")


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes, what their numbers mean, how the picture was turned, and what had to be changed."""

    planes: Planes
    color: Color
    orientation: Orientation = UPRIGHT
    notes: tuple[str, ...] = ()


def read_picture(
    frame: av.VideoFrame, chroma_site: Literal["left", "center"] = "left", *, copied: bool = False
) -> Picture:
    """A decoded frame's planes as 8-bit 4:2:0, turned upright.

    Planes that need no change are read-only views of the frame's own, which they keep alive: the decoder may still
    read it for the pictures to come, but writes into other memory from now on. copied: they are copies.

    chroma_site is what the coding format says of 4:2:0 pictures (left for MPEG-2 and later, center for JPEG).
    """
    picture = _read_rgb(frame) if _is_rgb(frame) else _read_yuv(frame, chroma_site)
    if copied:
        planes = picture.planes
        picture = replace(picture, planes=Planes(planes.y.copy(), planes.u.copy(), planes.v.copy()))
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
        # not frame.side_data: it would refer to the frame that keeps it, and both wait for the garbage collector
        matrix = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]
    except ValueError:
        # the binding refuses the whole table when it holds a kind it does not know; rotation does not need the table
        return Orientation.from_degrees(frame.rotation)
    return Orientation.from_matrix(np.frombuffer(bytes(matrix), np.int32)) if matrix else UPRIGHT


def _is_rgb(frame: av.VideoFrame) -> bool:
    return bool(frame.format.is_rgb or frame.format.has_palette)


def _read_rgb(frame: av.VideoFrame) -> Picture:
    rgb = frame.to_ndarray(format="rgb24")
    return Picture(planes_from_rgb(rgb, RGB_COLOR), RGB_COLOR, notes=(f"{frame.format.name} to 8-bit 4:2:0",))


def _read_yuv(frame: av.VideoFrame, site: Literal["left", "center"]) -> Picture:
    name = frame.format.name
    full_range = frame.color_range == _FULL_RANGE or name.startswith("yuvj")
    notes: tuple[str, ...] = ()
    if frame.colorspace in _CONVERTED:
        notes = (f"{_CONVERTED[frame.colorspace]} to bt709",)
        space, limits = {"src_colorspace": frame.colorspace, "dst_colorspace": _BT709}, frame.color_range
        plain = frame.reformat(format="yuv420p", **space, src_color_range=limits, dst_color_range=limits)
    else:
        plain = frame if name in _PLANAR + _SEMIPLANAR else frame.reformat(format="yuv420p")
    if plain is not frame and name != "yuv420p":
        notes = (f"{name} to 8-bit 4:2:0", *notes)
    # chroma that stood at every column is averaged to the middle of its two columns
    every_column = plain is not frame and frame.format.chroma_width(16) == 16
    color = Color(_matrix(frame), full_range, "center" if every_column else site)
    return Picture(_planes(plain), color, notes=notes)


def _matrix(frame: av.VideoFrame) -> Literal["bt601", "bt709"]:
    if frame.colorspace == _BT709 or frame.colorspace in _CONVERTED:
        return "bt709"
    if frame.colorspace in _BT601:
        return "bt601"
    return "bt709" if frame.height >= 720 else "bt601"


def _planes(frame: av.VideoFrame) -> Planes:
    height, width = frame.height, frame.width
    rows, columns = (height + 1) // 2, (width + 1) // 2
    name, planes = frame.format.name, frame.planes
    luma = _rows(planes[0], height, width)
    if name == "gray":
        return Planes(luma, np.full((rows, columns), 128, np.uint8), np.full((rows, columns), 128, np.uint8))
    if name in _SEMIPLANAR:
        pairs = _rows(planes[1], rows, 2 * columns)
        first, second = pairs[:, 0::2].copy(), pairs[:, 1::2].copy()
        # a view of the luma alone would keep the chroma's memory too
        return Planes(luma.copy(), *((first, second) if name == "nv12" else (second, first)))
    return Planes(luma, _rows(planes[1], rows, columns), _rows(planes[2], rows, columns))


def _rows(plane: av.video.plane.VideoPlane, height: int, width: int) -> U8:
    """A read-only view of a plane's pixels without the padding that ends its lines."""
    lines = np.frombuffer(memoryview(plane).toreadonly(), np.uint8)
    return lines.reshape(-1, plane.line_size)[:height, :width]


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
