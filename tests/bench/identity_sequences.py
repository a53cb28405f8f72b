"""What the trackers of identity.py are given: a network's detections, and the truth, each found once and kept in files.

The files are .npz without objects. Everything of a sequence lies in flat arrays, frame after frame.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from streamseg.capture import open_source
from streamseg.capture.synthetic import parse_street_url
from streamseg.config import CaptureConfig, ModelConfig, StreamConfig
from streamseg.evaluation.clips import beside, read_boxes, read_masks, require_truth
from streamseg.geometry import SoftMask
from streamseg.inference import load_network
from streamseg.preprocess import Preprocessor
from streamseg.records import Frame, Instances, StreamInfo
from streamseg.testing import street_truth
from streamseg.tracking.camera_motion import CameraView
from streamseg.weights.header import find_weights
from tests.bench.identity_cameras import Window, Windowed

Arrays = dict[str, npt.NDArray[Any]]

FLOOR = 0.1
"""Lowest score of a detection: the network's own floor, below which none of the trackers looks."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A clip with boxes or masks, or a street: source as capture takes it; kind is "clip", "thing" or "street".

    A "thing" is a clip in which one moving thing of any class is marked. moving: seen through a moving window.
    """

    name: str
    source: str
    kind: str
    moving: bool = False

    @property
    def people(self) -> bool:
        """Whether its truth knows people only."""
        return self.kind == "clip"

    def through_window(self) -> "Scene":
        """The same with a moving camera."""
        return replace(self, name=f"{self.name}, moving", moving=True)

    @contextmanager
    def opened(self) -> Iterator[tuple[StreamInfo, Iterator[Frame]]]:
        """Its frames, from the first one."""
        with closing(open_source(self.stream, CaptureConfig(threads=1))) as source:
            shown = Windowed(source) if self.moving else source
            yield shown.open(), iter(shown)

    @property
    def stream(self) -> StreamConfig:
        """As the configuration has it."""
        return StreamConfig(source=self.source, name="scene")

    @property
    def key(self) -> str:
        """The first part of the names of its files."""
        return f"{self.name.replace(', ', '-')}-{hashlib.sha256(self.source.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Truths:
    """True boxes: frame int [T], id int [T], box float [T, 4], label int [T], counts bool [T]: must be found.

    A label of -1 stands for any; then nothing else is marked, and tracks elsewhere are neither right nor wrong.
    """

    frame: npt.NDArray[np.int64]
    id: npt.NDArray[np.int64]
    box: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    counts: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Detected:
    """A sequence's frames: media time [F] (ns), height and width (px), class names, and what was found in each.

    views: the small pictures by which the camera's motion is seen, uint8 [F, h, w]; factor: their scale.
    """

    pts_ns: npt.NDArray[np.int64]
    size_hw: tuple[int, int]
    labels: tuple[str, ...]
    instances: list[Instances]
    views: npt.NDArray[np.uint8]
    factor: int

    def luma(self, index: int) -> npt.NDArray[np.uint8]:
        """A plane of the frame's size whose small picture is the frame's."""
        large = self.views[index].repeat(self.factor, 0).repeat(self.factor, 1)
        height, width = self.size_hw
        return np.pad(large, ((0, height - large.shape[0]), (0, width - large.shape[1])), "edge")

    @property
    def fps(self) -> float:
        """Frames a second, from the media time."""
        return float(1e9 * (len(self.pts_ns) - 1) / (self.pts_ns[-1] - self.pts_ns[0]))

    @property
    def first_row(self) -> npt.NDArray[np.int64]:
        """Where each frame's rows begin in the flat arrays, int [F]."""
        return np.cumsum([0, *(len(found) for found in self.instances)])[:-1]


def clip_scene(clip: Path) -> Scene:
    """A clip with NAME.gt.txt or NAME.masks.jsonl beside it."""
    require_truth(clip)
    return Scene(clip.stem, str(clip), "clip" if beside(clip)[1].exists() else "thing")


def street_scene(seed: int, shape: str) -> Scene:
    """The street of a seed; shape: the rest of its address, "seconds=..&size=..&fps=..."."""
    return Scene(f"street-{seed}", f"synthetic://street?{shape}&seed={seed}", "street")


def detections_of(scene: Scene, model: ModelConfig, cache: Path) -> Path:
    """The file with what the network finds in a scene, made if it is not there."""
    weights = hashlib.sha256(find_weights(model.name).read_bytes()).hexdigest()[:12]
    height, width = model.view
    file = cache / f"{scene.key}-{weights}-{width}x{height}.npz"
    if not file.exists():
        _save(file, _detect(scene, model))
    return file


def truth_of(scene: Scene, pts_ns: npt.NDArray[np.int64], labels: Sequence[str], cache: Path) -> Truths:
    """A scene's truth: of a clip read, of a street rendered and kept; pts_ns: of its frames."""
    if scene.kind == "thing":
        truths = _thing_truth(Path(scene.source))
    elif scene.kind == "clip":
        truths = _clip_truth(Path(scene.source), len(pts_ns), labels.index("person"))
    else:
        file = cache / f"{replace(scene, name=scene.name.split(',')[0]).key}-truth.npz"
        if not file.exists():
            _save(file, _street_truth(scene.source, labels))
        with np.load(file, allow_pickle=False) as arrays:
            truths = Truths(**arrays)
    return _through_window(truths, scene, pts_ns) if scene.moving else truths


def _through_window(truths: Truths, scene: Scene, pts_ns: npt.NDArray[np.int64]) -> Truths:
    with replace(scene, moving=False).opened() as (info, _):
        window = Window(info.size_hw)
    boxes, shown = window.boxes(truths.box, pts_ns[truths.frame] / 1e9)
    there, counts = window.keep(shown)
    return Truths(
        truths.frame[there], truths.id[there], boxes[there], truths.label[there], (truths.counts & counts)[there]
    )


def read_detections(scene: Scene, file: Path, cache: Path) -> Detected:
    """What detections_of kept in file, of people only where only they are known."""
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    labels = tuple(str(name) for name in arrays["names"])
    person = labels.index("person")
    height, width = arrays["size_hw"].tolist()
    found = [_only(one, one.labels == person) if scene.people else one for one in _instances(arrays)]
    return Detected(arrays["pts_ns"], (height, width), labels, found, *_views(scene, cache))


def _views(scene: Scene, cache: Path) -> tuple[npt.NDArray[np.uint8], int]:
    """The frames' small pictures and their scale, made if they are not there."""
    file = cache / f"{scene.key}-views.npz"
    if not file.exists():
        with scene.opened() as (_, frames):
            views = [CameraView.of(frame.planes.y) for frame in frames]
        _save(file, {"views": np.stack([view.picture for view in views]), "factor": np.array(views[0].factor)})
    with np.load(file, allow_pickle=False) as arrays:
        return arrays["views"], int(arrays["factor"])


def _instances(arrays: Arrays) -> Iterator[Instances]:
    """The flat arrays, cut into frames again."""
    ends = np.cumsum(arrays["count"])
    pixels = np.cumsum([0, *np.prod(arrays["mask_hw"], axis=1)])
    looks = arrays["appearance"]
    for low, high in zip(ends - arrays["count"], ends, strict=True):
        masks = tuple(
            SoftMask(
                arrays["alpha"][pixels[i] : pixels[i + 1]].reshape(arrays["mask_hw"][i]),
                tuple(arrays["mask_box"][i].tolist()),
            )
            for i in range(low, high)
        )
        look = looks[low:high] if looks.shape[1] else None
        yield Instances(arrays["boxes"][low:high], arrays["scores"][low:high], arrays["labels"][low:high], masks, look)


def _only(found: Instances, chosen: npt.NDArray[np.bool_]) -> Instances:
    masks = tuple(mask for mask, wanted in zip(found.masks, chosen, strict=True) if wanted)
    look = None if found.appearance is None else found.appearance[chosen]
    return Instances(found.boxes[chosen], found.scores[chosen], found.labels[chosen], masks, look)


def _detect(scene: Scene, model: ModelConfig) -> Arrays:
    """Capture, preprocessing and the network over the whole scene."""
    network = load_network(model)
    preprocess = Preprocessor.of(scene.stream, model, network.view_hw, motion=network.takes_motion)
    times: list[int] = []
    found: list[Instances] = []
    with scene.opened() as (info, frames):
        for frame in frames:
            times.append(frame.pts_ns)
            one = network([preprocess(frame)])[0]
            found.append(_only(one, one.scores >= FLOOR))
    return {
        "pts_ns": np.array(times, np.int64),
        "size_hw": np.array(info.size_hw),
        "names": np.array(network.labels),
        **_flat(found),
    }


def _flat(found: Sequence[Instances]) -> Arrays:
    masks = [mask for one in found for mask in one.masks]
    looks = [one.appearance for one in found if one.appearance is not None and len(one)]
    return {
        "count": np.array([len(one) for one in found], np.int64),
        "boxes": np.concatenate([one.boxes for one in found]),
        "scores": np.concatenate([one.scores for one in found]),
        "labels": np.concatenate([one.labels for one in found]),
        "mask_hw": np.array([mask.alpha.shape for mask in masks], np.int64).reshape(-1, 2),
        "mask_box": np.array([mask.box for mask in masks]).reshape(-1, 4),
        "alpha": np.concatenate([np.zeros(0, np.uint8), *(mask.alpha.ravel() for mask in masks)]),
        "appearance": np.concatenate(looks) if looks else np.zeros((len(masks), 0), np.float32),
    }


def _street_truth(url: str, labels: Sequence[str]) -> Arrays:
    rows = [
        (index, truth.id, *truth.box, labels.index(truth.label), truth.counts)
        for index in range(parse_street_url(url).frames)
        for truth in street_truth(url, index)
    ]
    return _columns(np.array(rows, np.float64).reshape(-1, 8))


def _clip_truth(clip: Path, frames: int, person: int) -> Truths:
    by_frame = read_boxes(beside(clip)[1])
    rows = [(i, row.id, *row.box, person, row.counts) for i in range(frames) for row in by_frame[i + 1]]
    return Truths(**_columns(np.array(rows, np.float64).reshape(-1, 8)))


def _thing_truth(clip: Path) -> Truths:
    """The hull of what is marked in each frame."""
    rows = []
    for index, line in read_masks(beside(clip)[0]):
        inside = line.foreground.mask()
        if inside.any():
            (y0, y1), (x0, x1) = (np.flatnonzero(inside.any(axis))[[0, -1]] for axis in (1, 0))
            rows.append((index, 1, x0, y0, x1 + 1, y1 + 1, -1, True))
    return Truths(**_columns(np.array(rows, np.float64).reshape(-1, 8)))


def _columns(rows: npt.NDArray[np.float64]) -> Arrays:
    """Rows of frame, id, box, label, counts as Truths has them."""
    frame, identity, label = (rows[:, i].astype(np.int64) for i in (0, 1, 6))
    return {"frame": frame, "id": identity, "box": rows[:, 2:6], "label": label, "counts": rows[:, 7] > 0}


def _save(file: Path, arrays: Arrays) -> None:
    """Whole or not at all."""
    partial = file.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(file)
