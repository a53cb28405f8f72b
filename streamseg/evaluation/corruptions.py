"""What may go wrong with a picture before a network sees it: thirteen kinds in five strengths, RGB in, RGB out.

Kinds and strengths: Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", sec. 3, applied to detection by Michaelis et al. 2019, "Benchmarking Robustness in Object Detection".
H.264: Yi et al. 2021, "Benchmarking the Robustness of Spatial-Temporal Models Against Corruptions", sec. 3. Of the
first's fifteen these are left out: frost (needs photographs of ice), glass blur and elastic (they move the outlines
themselves away from the truth).
"""

from collections.abc import Callable
from zlib import crc32

import av
import cv2
import numpy as np
import numpy.typing as npt

from streamseg.evaluation.blurs import defocus_blur, motion_blur, zoom_blur
from streamseg.evaluation.fog_and_snow import fog, snow

U8 = npt.NDArray[np.uint8]
Generator = np.random.Generator
Corruption = Callable[[U8, int, Generator], U8]

STRENGTHS = (1, 2, 3, 4, 5)


def gaussian_noise(rgb: U8, strength: int, rng: Generator) -> U8:
    """A sensor in poor light."""
    spread = (0.08, 0.12, 0.18, 0.26, 0.38)[strength - 1]
    return _to_bytes(rgb + 255 * spread * rng.standard_normal(rgb.shape))


def shot_noise(rgb: U8, strength: int, rng: Generator) -> U8:
    """Few photons: noise that grows with the light."""
    photons = (60, 25, 12, 5, 3)[strength - 1]
    return _to_bytes(rng.poisson(rgb / 255 * photons) * (255 / photons))


def impulse_noise(rgb: U8, strength: int, rng: Generator) -> U8:
    """Values that are lost: 0 or 255 in their place."""
    share = (0.03, 0.06, 0.09, 0.17, 0.27)[strength - 1]
    chance = rng.random(rgb.shape)
    return np.where(chance < share / 2, 0, np.where(chance < share, 255, rgb)).astype(np.uint8)


def brightness(rgb: U8, strength: int, rng: Generator) -> U8:
    """Over-exposed: more V of HSV."""
    hsv = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 2] = np.clip(hsv[..., 2] + (0.1, 0.2, 0.3, 0.4, 0.5)[strength - 1], 0, 1)
    return _to_bytes(255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def contrast(rgb: U8, strength: int, rng: Generator) -> U8:
    """Each channel drawn towards its mean."""
    mean = rgb.mean(axis=(0, 1))
    return _to_bytes((rgb - mean) * (0.4, 0.3, 0.2, 0.1, 0.05)[strength - 1] + mean)


def pixelate(rgb: U8, strength: int, rng: Generator) -> U8:
    """A small picture shown large, without smoothing."""
    share = (0.6, 0.5, 0.4, 0.3, 0.25)[strength - 1]
    height, width = rgb.shape[:2]
    small = cv2.resize(rgb, (max(1, int(width * share)), max(1, int(height * share))), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def jpeg(rgb: U8, strength: int, rng: Generator) -> U8:
    """JPEG of low quality."""
    quality = (25, 18, 15, 10, 7)[strength - 1]
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def h264(rgb: U8, strength: int, rng: Generator) -> U8:
    """A key frame of a video at a low rate."""
    rate_factor = (23, 30, 37, 44, 51)[strength - 1]
    height, width = rgb.shape[:2]
    even = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")  # chroma has half the rows and columns
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = even.shape[1], even.shape[0], "yuv420p", 25
    encoder.thread_count, encoder.options = 1, {"crf": str(rate_factor)}
    packets = encoder.encode(av.VideoFrame.from_ndarray(even, "rgb24").reformat(format="yuv420p"))
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets + encoder.encode(None) for frame in decoder.decode(packet)]
    [frame] = frames + decoder.decode(None)
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)[:height, :width]


CORRUPTIONS: dict[str, Corruption] = {
    step.__name__: step
    for step in (
        gaussian_noise, shot_noise, impulse_noise, defocus_blur, motion_blur, zoom_blur, fog, snow, brightness,
        contrast, pixelate, jpeg, h264,
    )
}  # fmt: skip

UNSEEN = ("impulse_noise", "zoom_blur", "fog", "snow", "pixelate", "h264")
"""Kinds that are unlike anything that training/weather.py does; the others it imitates, if more gently."""


def corrupt(rgb: U8, kind: str, strength: int, picture_id: int) -> U8:
    """A picture (uint8 [H, W, 3] RGB) under one kind of CORRUPTIONS at one of STRENGTHS.

    The same picture and kind meet the same chance at every strength: only how much of it differs.
    """
    return CORRUPTIONS[kind](rgb, strength, np.random.default_rng([crc32(kind.encode()), abs(picture_id)]))


def _to_bytes(values: npt.NDArray[np.floating]) -> U8:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)
