"""A clip's pictures, decoded."""

import io

import av
import numpy as np

from streamseg.camera.clip import Clip

_FORMATS = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}


def decoded(clip: Clip) -> list[np.ndarray]:
    """uint8 [h, w] luma of each."""
    with av.open(io.BytesIO(clip.data), format=_FORMATS[clip.format.codec]) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
