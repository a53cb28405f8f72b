"""A video file with a number drawn into each picture, and a run that reads it at its own pace."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from streamseg.testing import draw_mark

FPS = 10


def marked_file(path: Path, seconds: int, *, noisy: bool = False) -> Path:
    """Picture i, 10 a second, has i drawn into it; noisy ones are large when they are encoded, as real ones are."""
    width, height = 160, 96
    noise = np.random.default_rng(7).integers(0, 180, (height + 16, width + 16, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(seconds * FPS):
            shift = i * 7 % 16
            moved = noise[shift : shift + height, 16 - shift : 16 - shift + width].copy()
            picture = moved if noisy else np.full((height, width, 3), 90, np.uint8)
            draw_mark(picture, i)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def without_repeats(numbers: list[int]) -> list[int]:
    """A sink's successor may show once more what its predecessor had encoded, but not settled."""
    return [number for i, number in enumerate(numbers) if i == 0 or number != numbers[i - 1]]
