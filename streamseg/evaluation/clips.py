"""Clips with their truth beside them: NAME.masks.jsonl (foreground masks), NAME.gt.txt (boxes with ids), or both.

`masks.jsonl`: a line per frame, `{"frame", "labelled", "foreground": RLE, "ignore": RLE}`, ignore may be missing.
`gt.txt`: MOTChallenge rows `frame,id,x,y,w,h,flag,class,visibility`, frames from 1. Rows with flag 0 do not count; in
rows of nine columns class 1 is what counts, and a track on a person of another kind (riding, static, a reflection) is
left out, as the MOTChallenge does.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from scipy.optimize import linear_sum_assignment

import streamseg
from streamseg.config import Config, ModelConfig
from streamseg.errors import ConfigError, DataError, SourceNotFound
from streamseg.evaluation.identities import IdentityScore, Sight, judge
from streamseg.evaluation.outlines import BoolMask, FrameOutline, OutlineJudge, OutlineScore
from streamseg.geometry import box_iou, rle_decode
from streamseg.records import Extraction, Frame, Track
from streamseg.stages import Network

MOST_OBJECTS = 20
_OTHER_PEOPLE = (2, 7, 8, 12)
"""MOTChallenge's person on vehicle, static person, distractor and reflection: neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    """What could be judged of a clip."""

    outlines: OutlineScore | None = None
    identities: IdentityScore | None = None


@dataclass(frozen=True, slots=True)
class JudgedFrame:
    """A frame whose outlines were compared: its foreground and the object that fits it best, or None; bool [H, W]."""

    frame: Frame
    outline: FrameOutline
    wanted: BoolMask
    found: BoolMask | None


class _Rle(msgspec.Struct):
    size: tuple[int, int]
    counts: str

    def mask(self) -> BoolMask:
        return rle_decode(self.counts, self.size).astype(bool)


class _MaskLine(msgspec.Struct):
    frame: int
    labelled: bool
    foreground: _Rle
    ignore: _Rle | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    """One box of a frame; counts: it must be found, else it excuses a track."""

    id: int
    box: tuple[float, float, float, float]
    counts: bool


def beside(clip: Path) -> tuple[Path, Path]:
    """Where a clip's masks and its boxes would lie."""
    return clip.with_suffix(".masks.jsonl"), clip.with_suffix(".gt.txt")


def require_truth(clip: Path) -> None:
    """SourceNotFound without the clip, ConfigError without anything beside it to compare it with."""
    if not clip.exists():
        raise SourceNotFound(f"{clip}: no such file or folder")
    masks_file, boxes_file = beside(clip)
    if not masks_file.exists() and not boxes_file.exists():
        raise ConfigError(f"{clip}: no {masks_file.name} or {boxes_file.name} beside it to compare with")


def evaluate_clip(
    clip: Path,
    network: Network,
    model: ModelConfig,
    on_frame: Callable[[], None] = lambda: None,
    on_judged: Callable[[JudgedFrame], None] = lambda judged: None,
) -> ClipScore:
    """Run a clip through all stages but the sinks, and compare its active tracks with the truth beside it.

    on_frame comes after every frame, on_judged for each with a foreground.

    Raises:
        ConfigError: there is no truth beside it.
        DataError: the truth cannot be read.
        SourceError: the clip cannot.
    """
    require_truth(clip)
    masks_file, boxes_file = beside(clip)
    lines = dict(read_masks(masks_file)) if masks_file.exists() else None
    rows = read_boxes(boxes_file) if boxes_file.exists() else None
    outlines, sights = OutlineJudge(), list[Sight]()
    label = "person" if "person" in network.labels else None
    with closing(streamseg.open(clip, network=network, config=Config(model=model), every="none")) as extractions:
        for extraction in extractions:
            seq = extraction.frame.seq
            if lines is not None and seq in lines:
                judged = _judge_masks(outlines, lines[seq], extraction, masks_file)
                if judged is not None:
                    on_judged(judged)
            if rows is not None:
                sights.append(_sight(rows[seq + 1], extraction, label))
            on_frame()
    return ClipScore(
        None if lines is None else outlines.score(),
        None if rows is None else judge(sights),
    )


def _active(extraction: Extraction) -> list[Track]:
    return [track for track in extraction.tracks if track.state == "active" and track.mask is not None]


def _judge_masks(judge: OutlineJudge, line: _MaskLine, extraction: Extraction, file: Path) -> JudgedFrame | None:
    height, width = extraction.frame.size_hw
    try:
        foreground, ignore = line.foreground.mask(), line.ignore.mask() if line.ignore else None
    except ValueError as error:
        raise DataError(f"{file}: frame {line.frame}: {error}") from error
    if foreground.shape != (height, width):
        raise DataError(
            f"{file}: frame {line.frame}: mask of {foreground.shape[1]} x {foreground.shape[0]} pixels, "
            f"the clip has {width} x {height}"
        )
    best = sorted(_active(extraction), key=lambda track: -track.score)[:MOST_OBJECTS]
    masks = [track.mask.on((0, 0, width, height)) > 127 for track in best if track.mask]
    outline = judge.add(foreground, ignore, masks)
    if outline is None:
        return None
    return JudgedFrame(extraction.frame, outline, foreground, None if outline.best is None else masks[outline.best])


def _sight(rows: list[_Row], extraction: Extraction, label: str | None) -> Sight:
    tracks = [track for track in _active(extraction) if label in (None, track.label)]
    overlap = box_iou([row.box for row in rows], [track.box for track in tracks]).astype(np.float64)
    clear = np.where(overlap >= 0.5, overlap, 0)
    excused = {
        int(column)
        for row, column in zip(*linear_sum_assignment(-clear), strict=True)
        if clear[row, column] and not rows[row].counts
    }
    keep_rows = [i for i, row in enumerate(rows) if row.counts]
    keep_tracks = [i for i in range(len(tracks)) if i not in excused]
    return Sight(
        np.array([rows[i].id for i in keep_rows], np.int64),
        np.array([tracks[i].id for i in keep_tracks], np.int64),
        overlap[np.ix_(keep_rows, keep_tracks)],
    )


def read_masks(file: Path) -> Iterator[tuple[int, _MaskLine]]:
    """The labelled lines of a masks.jsonl, with their frames from 0; DataError names one that cannot be read."""
    decoder = msgspec.json.Decoder(_MaskLine)
    for number, text in enumerate(_lines(file), 1):
        try:
            line = decoder.decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise DataError(f"{file}: line {number}: {error}") from error
        if line.labelled:
            yield line.frame, line


def read_boxes(file: Path) -> defaultdict[int, list[_Row]]:
    """The boxes of a gt.txt, by frame from 1; DataError names a line that cannot be read."""
    rows: defaultdict[int, list[_Row]] = defaultdict(list)
    for number, text in enumerate(_lines(file), 1):
        try:
            numbers = [float(word) for word in text.split(",")]
            if not all(map(math.isfinite, numbers)):
                raise ValueError("a number that is none")
            frame, identity, x, y, w, h, flag, *rest = numbers
        except ValueError as error:
            raise DataError(f"{file}: line {number}: not frame,id,x,y,w,h,flag,... in numbers: {text[:80]}") from error
        kind = int(rest[0]) if len(rest) == 2 else 1
        counts = flag != 0 and kind == 1
        if counts or kind in _OTHER_PEOPLE:
            rows[int(frame)].append(_Row(int(identity), (x, y, x + w, y + h), counts))
    return rows


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error})") from error
