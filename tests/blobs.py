"""A small real world for tests: bright shapes on a dark ground, a network that finds them, and video files of them."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from streamseg.config import CutoutsConfig
from streamseg.geometry import SoftMask
from streamseg.pixels import planes_from_rgb
from streamseg.records import Color, Extraction, Flow, Frame, Instances, Sample, StreamInfo, Track

FPS = 25
CENTERED = Color("bt601", chroma_site="center")


class BlobNetwork:
    """Inference by connected components: what is bright is a disc, or a square where it fills its box."""

    labels = ("disc", "square")
    takes_motion = False

    def __init__(self, view_hw: tuple[int, int] = (96, 128)):
        self.view_hw = view_hw

    def __call__(self, samples: list[Sample]) -> list[Instances]:
        return [self._instances(sample) for sample in samples]

    def describe(self) -> str:
        return "blobs"

    def _instances(self, sample: Sample) -> Instances:
        bright = (sample.view.min(axis=2) > 180).astype(np.uint8)
        count, components, stats, _ = cv2.connectedComponentsWithStats(bright)
        boxes, labels, masks = [], [], []
        for index in range(1, count):
            x, y, w, h, area = stats[index].tolist()
            if area < 9:
                continue
            box = tuple(sample.fit.undo([x, y, x + w, y + h]).tolist())
            boxes.append(box)
            labels.append(int(area > 0.9 * w * h))
            masks.append(SoftMask((components[y : y + h, x : x + w] == index).astype(np.uint8) * 255, box))
        scores = np.full(len(boxes), 0.9, np.float32)
        return Instances(np.array(boxes, np.float32).reshape(-1, 4), scores, np.array(labels, np.int32), tuple(masks))


class FrameTracker:
    """Tracking for frames on which identity is clear: the n-th from the left is track n, active from the start."""

    def __init__(self, labels: tuple[str, ...] = BlobNetwork.labels, cutouts: CutoutsConfig | None = None):
        self.labels = labels

    def update(self, frame: Frame, instances: Instances | None, flow: Flow | None = None) -> Extraction:
        assert instances is not None
        order = np.argsort(instances.boxes[:, 0])
        tracks = tuple(self._track(instances, index, number) for number, index in enumerate(order.tolist(), start=1))
        return Extraction(frame, tracks)

    def _track(self, instances: Instances, index: int, number: int) -> Track:
        label = self.labels[instances.labels[index]]
        x0, y0, x1, y1 = instances.boxes[index].tolist()
        score = float(instances.scores[index])
        return Track(number, label, score, (x0, y0, x1, y1), "active", instances.masks[index], label)


class FrameSource:
    """Capture from a list; dropped is what the test says."""

    def __init__(self, frames: list[Frame], dropped: dict[str, int] | None = None):
        self.frames = frames
        self.dropped = dropped or {}
        self.closed = False

    def open(self) -> StreamInfo:
        return StreamInfo("test", "list", self.frames[0].size_hw, Fraction(FPS), live=False, frames=len(self.frames))

    def __iter__(self) -> Iterator[Frame]:
        for frame in self.frames:
            if self.closed:
                return
            yield frame

    def close(self) -> None:
        self.closed = True


def picture(index: int, size_hw: tuple[int, int] = (96, 128)) -> np.ndarray:
    """uint8 [H, W, 3]: a disc that goes right and a square that stays."""
    rgb = np.full((*size_hw, 3), 40, np.uint8)
    cv2.circle(rgb, (16 + index % 80, 30), 9, (240, 240, 240), -1)
    cv2.rectangle(rgb, (100, 60), (119, 79), (240, 240, 240), -1)
    return rgb


def frames(count: int, stream: str = "test") -> list[Frame]:
    """Frames of `picture`."""
    return [
        Frame(stream, index, index * 10**9 // FPS, planes_from_rgb(picture(index), CENTERED), CENTERED)
        for index in range(count)
    ]


def write_mp4(path: Path, count: int) -> Path:
    """An H.264 file of `picture`, its index at the front: cut short, it can still be opened."""
    with av.open(path, "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", FPS, options={"crf": "10", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        for index in range(count):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture(index), "rgb24")))
        container.mux(video.encode(None))
    return path
