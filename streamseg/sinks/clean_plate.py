"""clean-plate.mp4: the stream without its moving objects; clean-plate.png: the scene behind them, as far as seen.

The background lies in a hidden file of its own beside them as long as the stream lasts (plate_file), for it is far too
large for a position; a successor goes on with what was settled there.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import cv2
import msgspec

from streamseg.config import Config
from streamseg.pixels import frame_rgb
from streamseg.records import Color, Extraction, Frame, StreamInfo
from streamseg.sinks.disk import sink_errors, write_atomic
from streamseg.sinks.encoder import Picture, picture_of
from streamseg.sinks.movers import Movers, MoversState
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.parts import PartsPosition, VideoParts
from streamseg.sinks.plate import Plate, Things, rows_due
from streamseg.sinks.plate_file import PlateFile
from streamseg.sinks.silhouettes import is_one_of, silhouette

_IMAGE = "clean-plate.png"
_COMPRESSION = 3
_STRANGE_FRAMES = 5
"""So many in a row that show another scene, and the camera has moved."""


class _Scene(msgspec.Struct, frozen=True, array_like=True):
    """The background after a frame: which file and copy it is in (first: the seq it began with), and its colours."""

    first: int
    turn: int
    size_hw: tuple[int, int]
    matrix: Literal["bt601", "bt709"]
    full_range: bool
    chroma_site: Literal["left", "center"]


class _Progress(msgspec.Struct, frozen=True, array_like=True):
    """The last frame, the row that is followed next, strange frames in a row, when the next image is due."""

    seq: int = -1
    pts_ns: int = 0
    row: int = 0
    strange: int = 0
    due_ns: int | None = None


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """All that a successor needs beside the files."""

    progress: _Progress
    scene: _Scene | None
    movers: MoversState
    parts: PartsPosition


class CleanPlateSink:
    """Learns the background from what no object covers, and puts it in the place of those that have moved.

    Args:
        config: clean_plate, video.preset and video.crf, and output.rotate_* matter here.
        folder: the stream's output folder.
    """

    name = "clean_plate"

    def __init__(self, config: Config, folder: Path):
        self.folder, self.config = folder, config.clean_plate
        self._parts = VideoParts(folder, "clean-plate.mp4", config)
        self._movers = Movers()
        self._progress = _Progress()
        self._file: PlateFile | None = None
        self._picture: Picture | None = None
        self._first = -1
        self._size_hw, self._color = (0, 0), Color()

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one from the start, in a new part of the video."""
        claim_stream(self.folder)
        silent = replace(info, audio_from=None)
        if not position:
            self._remove_files()
            self._parts.open(silent, None)
            return -1
        told = msgspec.msgpack.decode(position, type=_Position)
        self._progress, self._movers = told.progress, Movers(told.movers)
        scene = told.scene
        if scene is not None and self._path(scene.first).exists():  # else a predecessor has closed it
            self._file = PlateFile(self._path(scene.first), scene.size_hw, scene.turn)
            self._first, self._size_hw = scene.first, scene.size_hw
            self._color = Color(scene.matrix, scene.full_range, scene.chroma_site)
        self._parts.open(silent, told.parts)
        return self._progress.seq

    def write(self, extraction: Extraction) -> bool:
        frame, before = extraction.frame, self._progress
        if frame.seq <= before.seq:
            return True  # given again by one who did not live to note that it is safe
        file = self._file_for(frame)
        plate, things = Plate(file.next()), self._things(extraction)
        strange = before.strange + 1 if plate.is_strange(frame.planes) else 0
        if strange >= _STRANGE_FRAMES:
            plate.forget()
            strange = 0
        step_ns = max(0, frame.pts_ns - before.pts_ns) if before.seq >= 0 else 0
        rows = rows_due(before.row, (frame.size_hw[0] + 1) // 2, step_ns)
        if not strange:
            plate.learn(frame.planes, things, rows)
        if self.config.video:
            self._picture = picture = picture_of(frame.planes, self._picture)
            plate.remove(picture.planes, things)
            self._parts.add(frame, picture)
        self._progress = _Progress(frame.seq, frame.pts_ns, rows[1], strange, self._next_image(frame.pts_ns))
        return True

    def settle(self) -> bytes:
        scene = None
        if self._file is not None:
            color, turn = self._color, self._file.settle()
            scene = _Scene(self._first, turn, self._size_hw, color.matrix, color.full_range, color.chroma_site)
        return msgspec.msgpack.encode(_Position(self._progress, scene, self._movers.state, self._parts.position))

    def close(self) -> None:
        """The last image and the end of the video; then the background is forgotten."""
        try:
            if self._file is not None and self.config.image:
                self._write_image()
        finally:
            self._file = None
            self._parts.close()
        self._remove_files()

    def _file_for(self, frame: Frame) -> PlateFile:
        """The background of frames like this one; another size begins another one."""
        if self._file is None or self._size_hw != frame.size_hw:
            # under another name: a position that was told before may still need the last one
            self._file = PlateFile(self._path(frame.seq), frame.size_hw)
            self._first, self._size_hw = frame.seq, frame.size_hw
        self._color = frame.color
        return self._file

    def _things(self, extraction: Extraction) -> Things:
        moved, size_hw = self._movers.update(extraction.tracks), extraction.frame.size_hw
        found = [(track, silhouette(track, size_hw)) for track in extraction.tracks]
        areas = [(track, area) for track, area in found if area is not None]
        # a lost one is somewhere in its box: what lies behind is laid there, but nothing is made up
        asked = [
            (track.id in moved and track.state != "lost", area)
            for track, area in areas
            if is_one_of(track, self.config.classes)
        ]
        movers, stayers = [area for mover, area in asked if mover], [area for mover, area in asked if not mover]
        return Things([area for _, area in areas], movers, stayers)

    def _next_image(self, pts_ns: int) -> int:
        """Write the image if it is due; when the next one is."""
        due_ns, every_ns = self._progress.due_ns, round(self.config.image_every_s * 1e9)
        if due_ns is None or not self.config.image:
            return pts_ns + every_ns
        if pts_ns < due_ns:
            return due_ns
        self._write_image()
        return due_ns + every_ns * (1 + (pts_ns - due_ns) // every_ns)

    def _write_image(self) -> None:
        assert self._file is not None
        rgb = frame_rgb(Frame("", 0, 0, self._file.current().planes, self._color))
        bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        _, png = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])
        write_atomic(self.folder / _IMAGE, png.tobytes())

    def _path(self, first: int) -> Path:
        return self.folder / f".clean-plate-{first}.part"

    def _remove_files(self) -> None:
        for path in self.folder.glob(".clean-plate-*.part"):
            with sink_errors(path):
                path.unlink(missing_ok=True)
