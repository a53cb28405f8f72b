"""Small recorded clips of the synthetic street, with all that makes a place in a file hard to find again."""

import itertools
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from streamseg.capture.street import Street

RENDERED = 50


def write_street(path: Path, frames: int, *, seed: int = 1, size: tuple[int, int] = (320, 180), fps: int = 10) -> Path:
    """H.264 with B-frames and a key frame every 25; width, height in pixels."""
    street = Street(seed=seed, size_hw=size[::-1], fps=fps)
    return _encode(path, (street.render(index).rgb for index in range(frames)), size, fps)


def write_long_street(path: Path, frames: int, size: tuple[int, int]) -> Path:
    """The same at 25 frames/s, RENDERED pictures to and fro: rendering is what takes the time."""
    street = Street(seed=3, size_hw=size[::-1], fps=25)
    there = [street.render(index).rgb for index in range(min(RENDERED, frames))]
    to_and_fro = itertools.cycle([*there, *there[-2:0:-1]])
    return _encode(path, itertools.islice(to_and_fro, frames), size, 25)


def _encode(path: Path, pictures: Iterable[np.ndarray], size: tuple[int, int], fps: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "bf": "2", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index, rgb in enumerate(pictures):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path
