"""A reel: the pictures of one track while it lives, in one file: a head, then PNG after PNG, each behind its record.

A picture is in the file as a whole when add() returns. Whoever knows a reel's size can cut off what came later.
"""

import struct
from pathlib import Path
from typing import BinaryIO

import cv2
import msgspec
import numpy as np

from streamseg.records import U8, Cutout, Frame
from streamseg.sinks.cutouts import png_bytes, track_folder
from streamseg.sinks.disk import append, refuse_link, reopen, sink_errors

_SIZES = struct.Struct("<II")
"""Before each record: bytes of the record, bytes of the PNG behind it (0: none)."""
_COMPRESSION = 1


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What holds for all pictures of a reel.

    name: of the clip, <track>-<label>. frame_wh: width and height of the frames; aspect: width to height of a pixel.
    notes: what capture had to change.
    """

    name: str
    stream: str
    track: int
    label: str
    frame_wh: tuple[int, int]
    aspect: tuple[int, int]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, frame: Frame, cutout: Cutout) -> "Head":
        """The head of the reel that begins with this cut-out."""
        track, (height, width), aspect = cutout.track, frame.size_hw, frame.aspect
        label = track.confirmed_label or track.label
        ratio = aspect.numerator, aspect.denominator
        return cls(track_folder(track), frame.stream, track.id, label, (width, height), ratio, frame.notes)


class Picture(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one picture besides its pixels.

    box: x0, y0, x1, y1 of its pixels in the frame; centre: x, y of what alpha weighs, in frame pixels.
    """

    seq: int
    pts_ns: int
    wall_ns: int | None
    score: float
    box: tuple[int, int, int, int]
    centre: tuple[float, float]


def begin(path: Path, head: Head) -> int:
    """Begin a reel, over whatever was there; gives its size in bytes."""
    told = msgspec.msgpack.encode(head)
    with sink_errors(path):
        refuse_link(path).write_bytes(_SIZES.pack(len(told), 0) + told)
    return _SIZES.size + len(told)


def add(path: Path, size: int, *, frame: Frame, cutout: Cutout) -> int:
    """Add what a cut-out shows behind the first size bytes; gives the new size, the same where it shows nothing."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(cutout.rgba[:, :, 3]))
    if not width:
        return size
    rgba = cutout.rgba[top : top + height, left : left + width]
    x0, y0 = cutout.offset[0] + left, cutout.offset[1] + top
    box = x0, y0, x0 + width, y0 + height
    score = round(float(cutout.track.score), 4)
    told = msgspec.msgpack.encode(Picture(frame.seq, frame.pts_ns, frame.wall_ns, score, box, _centre(rgba, box[:2])))
    png = png_bytes(rgba, _COMPRESSION)
    content = _SIZES.pack(len(told), len(png)) + told + png
    with sink_errors(path), reopen(path, size) as file:
        append(file, content)
    return size + len(content)


class Reel:
    """A reel that is read: its head, its pictures in order, and their pixels one at a time.

    Args:
        file: of the reel, open for reading.
        size: of the reel in bytes; what follows is not looked at.
    """

    def __init__(self, file: BinaryIO, size: int):
        self._file = file
        told, at, _ = self._record(0)
        self.head = msgspec.msgpack.decode(told, type=Head)
        self.pictures: list[Picture] = []
        self._pngs: list[tuple[int, int]] = []
        while at < size:
            told, offset, png_size = self._record(at)
            self.pictures.append(msgspec.msgpack.decode(told, type=Picture))
            self._pngs.append((offset, png_size))
            at = offset + png_size

    def rgba(self, index: int) -> U8:
        """Pixels of a picture: uint8 [h, w, 4] RGBA, straight alpha."""
        offset, size = self._pngs[index]
        self._file.seek(offset)
        png = np.frombuffer(self._file.read(size), np.uint8)
        return cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)

    def _record(self, at: int) -> tuple[bytes, int, int]:
        """A record, where its PNG begins, and how many bytes that has."""
        self._file.seek(at)
        told, png = _SIZES.unpack(self._file.read(_SIZES.size))
        return self._file.read(told), at + _SIZES.size + told, png


def _centre(rgba: U8, corner: tuple[int, int]) -> tuple[float, float]:
    """Where the mass of alpha has its middle, in the pixels in which the picture's corner is given."""
    moments = cv2.moments(np.ascontiguousarray(rgba[:, :, 3]))
    x, y = (moments[key] / moments["m00"] + 0.5 for key in ("m10", "m01"))
    return round(corner[0] + x, 3), round(corner[1] + y, 3)
