"""Small recorded clips of the synthetic street, with all that makes a place in a file hard to find again."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from streamseg.capture.street import Street


def write_street(path: Path, frames: int, *, seed: int = 1, size: tuple[int, int] = (320, 180), fps: int = 10) -> Path:
    """H.264 with B-frames and a key frame every 25; width, height in pixels."""
    street = Street(seed=seed, size_hw=size[::-1], fps=fps)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "bf": "2", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(street.render(index).rgb), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path
