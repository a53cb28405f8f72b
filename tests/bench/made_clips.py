"""Clips with a known number of objects: the built-in street with nobody in it but so many people who walk to and fro.

They are rendered and encoded once, and kept in a folder: at 1080p that takes a minute.
"""

import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from streamseg.capture.street import Street
from streamseg.capture.street.layout import Layout
from streamseg.capture.street.scene import Being

FPS = 25
SECONDS = 4
KEPT = Path(tempfile.gettempdir()) / "streamseg-bench"
_SEED = 3
_STEP_MPS = 1.2


class Crowd:
    """So many people on a street, in the place of its traffic; all are where they were after a period.

    Args:
        plan: the street's.
        count: of people.
        period_s: of their ways, there and back.
    """

    def __init__(self, plan: Layout, count: int, period_s: float):
        self._plan, self._period_s = plan, period_s
        chance = np.random.default_rng([plan.seed, 91])
        # drawn one by one, so that more people are those of fewer and others
        self._places = [chance.random(4) for _ in range(count)]

    def at(self, time_s: float) -> tuple[Being, ...]:
        """Everybody at a time."""
        return tuple(self._walker(number, *place, time_s) for number, place in enumerate(self._places))

    def _walker(self, number: int, across: float, away: float, begun: float, looks: float, time_s: float) -> Being:
        plan, half_s = self._plan, self._period_s / 2
        # nearer to the camera there is less room, and people are larger: most of a crowd is far
        t = plan.near - 1.5 + (plan.front - plan.near + 0.5) * away
        low, high = plan.visible_span(t)
        phase = (time_s / self._period_s + begun) % 1 * 2
        way = (phase if phase < 1 else 2 - phase) * half_s * _STEP_MPS
        room = max(0.5, high - low - half_s * _STEP_MPS - 1)
        s = low + 0.5 + across * room + way
        heading = 0.0 if phase < 1 else np.pi
        return Being(
            8 * number, "person", int(looks * (1 << 30)), float(s), float(t), heading, phase * half_s * _STEP_MPS
        )


class PeopledStreet(Street):
    """The street of a seed with a crowd in the place of its traffic."""

    def __init__(self, people: int, size_hw: tuple[int, int]):
        super().__init__(seed=_SEED, size_hw=size_hw, fps=FPS)
        self._scene = Crowd(self._plan, people, SECONDS)


def made_clip(people: int, size: tuple[int, int]) -> Path:
    """A clip of SECONDS that can be looped, H.264 as cameras record it: no B-frames, a key frame every two seconds.

    Args:
        people: how many are in it; some may hide others.
        size: width and height.
    """
    width, height = size
    path = KEPT / f"people-{people}-{width}x{height}.mp4"
    if path.exists():
        return path
    KEPT.mkdir(parents=True, exist_ok=True)
    street = PeopledStreet(people, (height, width))
    unfinished = path.with_suffix(".part.mp4")
    with av.open(str(unfinished), "w") as container:
        # 1.3 Mbit/s at 1080p: a sensor's noise is left out, as surveillance cameras do; at 23 it takes seven times that
        options = {"preset": "veryfast", "tune": "zerolatency", "crf": "27", "g": str(2 * FPS)}
        video = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for index in range(SECONDS * FPS):
            picture = av.VideoFrame.from_ndarray(street.render(index).rgb, format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
    return unfinished.rename(path)
