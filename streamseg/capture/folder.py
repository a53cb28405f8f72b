"""Images in (a folder, a glob, or one image), Frames out: one stream at `folder_fps`, in natural order of names."""

import io
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from streamseg.capture.container import MAX_PIXELS, check_size
from streamseg.capture.exif import exif_orientation
from streamseg.capture.listing import IMAGE_SUFFIXES, list_media
from streamseg.config import CaptureConfig
from streamseg.errors import SourceInvalid, SourceNotFound
from streamseg.pixels import RGB_COLOR, planes_from_rgb
from streamseg.records import U8, Frame, Place, Stored, StreamInfo

_SECOND_NS = 1_000_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Image:
    """An image file: rgb uint8 [H, W, 3], upright, and how it lies in the file."""

    rgb: U8
    stored: Stored


class FolderSource:
    """Images as a stream; EXIF rotation is applied.

    The first image that can be read sets the size. Images of another size are dropped["size-changed"], those that
    cannot be read dropped["undecodable"]; each kind is said once. A dropped image leaves a gap in media time.

    Args:
        source: folder, glob, or one image.
        capture: folder_fps, start, end, max_frames.
        name: of the stream.

    Attributes:
        exact: an image's time follows from its number.
    """

    exact = True

    def __init__(self, source: str, capture: CaptureConfig, name: str) -> None:
        self.dropped: dict[str, int] = {}
        self._source = source
        self._capture = capture
        self._name = name
        self._fps = Fraction(capture.folder_fps).limit_denominator(100_000)
        self._closed = threading.Event()
        self._size_hw: tuple[int, int] | None = None
        self._after: Place | None = None

    def open(self, after: Place | None = None) -> StreamInfo:
        """List the images and read the first.

        Raises:
            SourceNotFound: no images there.
            SourceRefused: the folder may not be read.
            SourceInvalid: not one of them can be read.
        """
        self._after = after
        paths = self._paths()
        first = next(filter(None, (self._size_of(path) for path in paths)), None)
        if first is None:
            raise SourceInvalid(f"{self._source}: none of its {len(paths)} images can be decoded")
        self._size_hw = first
        count = len(self._span(paths))
        return StreamInfo(
            name=self._name,
            source=self._source,
            size_hw=first,
            fps=self._fps,
            live=False,
            frames=min(count, self._capture.max_frames or count),
            duration_s=float(count / self._fps),
        )

    def close(self) -> None:
        self._closed.set()

    def __iter__(self) -> Iterator[Frame]:
        if self._size_hw is None:
            self.open()
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        paths, seq = self._paths(), 0
        last_ns = -1
        if self._after is not None:
            seq, last_ns = self._after.seq + 1, self._after.pts_ns
        for index in self._span(paths):
            if self._closed.is_set() or seq == self._capture.max_frames:
                return
            if self._pts_ns(index) <= last_ns:
                continue
            image = self._read(paths[index])
            if image is None:
                continue
            pts_ns, now_ns = self._pts_ns(index), time.monotonic_ns()
            planes = planes_from_rgb(image.rgb, RGB_COLOR)
            yield Frame(self._name, seq, pts_ns, planes, RGB_COLOR, now_ns, stored=image.stored)
            seq += 1

    def _paths(self) -> list[Path]:
        paths = [path for path in list_media(self._source) if path.suffix.lower() in IMAGE_SUFFIXES]
        if not paths:
            allowed = ", ".join(sorted(IMAGE_SUFFIXES))
            raise SourceNotFound(f"{self._source}: no images or videos there; images end in {allowed}")
        return paths

    def _pts_ns(self, index: int) -> int:
        return round(index * _SECOND_NS / self._fps)

    def _span(self, paths: list[Path]) -> range:
        """Indices of the images from start to end."""
        first = sum(self._pts_ns(i) < self._capture.start * _SECOND_NS for i in range(len(paths)))
        if self._capture.end is None:
            return range(first, len(paths))
        return range(first, sum(self._pts_ns(i) < self._capture.end * _SECOND_NS for i in range(len(paths))))

    def _size_of(self, path: Path) -> tuple[int, int] | None:
        try:
            return read_image(path).rgb.shape[:2]
        except SourceInvalid:
            return None

    def _read(self, path: Path) -> Image | None:
        try:
            image = read_image(path)
        except SourceInvalid as error:
            self._drop("undecodable", str(error))
            return None
        size_hw = image.rgb.shape[:2]
        if size_hw != self._size_hw:
            self._drop("size-changed", f"{path}: {size_hw} where {self._size_hw} (height, width) was the first")
            return None
        return image

    def _drop(self, cause: str, what: str) -> None:
        if cause not in self.dropped:
            log.warning("stream=%s dropped=%s first=%r", self._name, cause, what)
        self.dropped[cause] = self.dropped.get(cause, 0) + 1


def read_image(path: Path) -> Image:
    """Read an image file; SourceInvalid if that cannot be done, or it is too large."""
    try:
        content = path.read_bytes()
        # a small file may hold a huge picture: its size is read before its pixels
        with av.open(io.BytesIO(content), options={"max_pixels": str(MAX_PIXELS)}) as probe:
            codec = probe.streams.video[0].codec_context
            width, height = (codec.width, codec.height) if codec else (0, 0)  # none: no decoder knows it
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:  # an end of file is no OSError
        raise SourceInvalid(f"{path}: not an image that can be decoded ({error.__class__.__name__})") from error
    if not width or not height:
        raise SourceInvalid(f"{path}: not an image that can be decoded, or one of over {MAX_PIXELS} pixels")
    check_size(width, height, str(path))
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SourceInvalid(f"{path}: not an image that can be decoded")
    return Image(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), exif_orientation(content).stored((height, width)))
