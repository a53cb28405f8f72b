"""Hand-made frames, tracks and cut-outs for the tests of sinks, and files to read sound from."""

import json
import os
import re
from collections.abc import Callable
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from streamseg.errors import SinkError
from streamseg.geometry import SoftMask, cover
from streamseg.pixels import crop_rgb
from streamseg.records import U8, Color, Cutout, Extraction, Frame, History, Planes, StreamInfo, Track
from streamseg.stages import Sink

BOX = (20.25, 12.5, 52.75, 44.0)


def info(name: str = "street", size_hw: tuple[int, int] = (64, 96), audio_from: str | None = None) -> StreamInfo:
    return StreamInfo(name, "street.mp4", size_hw, Fraction(25), live=False, audio_from=audio_from)


def smooth_plane(rng: np.random.Generator, size_hw: tuple[int, int]) -> U8:
    small = rng.integers(40, 200, (4, 5)).astype(np.uint8)
    return cv2.resize(small, size_hw[::-1], interpolation=cv2.INTER_CUBIC)


def make_frame(
    seq: int = 0,
    pts_ns: int | None = None,
    *,
    size_hw: tuple[int, int] = (64, 96),
    color: Color | None = None,
    **more: Any,
) -> Frame:
    """A soft random picture, the same for every seq."""
    rng = np.random.default_rng(7)
    half = (size_hw[0] + 1) // 2, (size_hw[1] + 1) // 2
    planes = Planes(smooth_plane(rng, size_hw), smooth_plane(rng, half), smooth_plane(rng, half))
    pts_ns = seq * 40_000_000 if pts_ns is None else pts_ns
    return Frame("street", seq, pts_ns, planes, color or Color(), **more)


def disc_mask(box: tuple[float, float, float, float] = BOX) -> SoftMask:
    alpha = np.zeros((24, 24), np.uint8)
    cv2.circle(alpha, (12, 12), 9, 255, -1)
    return SoftMask(cv2.GaussianBlur(alpha, (5, 5), 0), box)


def make_track(track_id: int = 1, *, box: tuple[float, float, float, float] = BOX, **changes: Any) -> Track:
    values = {
        "label": "person",
        "score": 0.87654,
        "state": "active",
        "mask": disc_mask(box),
        "confirmed_label": "person",
    }
    values |= changes
    return Track(track_id, values.pop("label"), values.pop("score"), box, values.pop("state"), **values)


def make_cutout(frame: Frame, track: Track, purpose: Any = "due", ranking: tuple[int, ...] = ()) -> Cutout:
    crop = cover(track.box, frame.size_hw, margin=0.06, even=True)
    assert track.mask is not None
    rgba = np.dstack([crop_rgb(frame, crop), track.mask.on(crop)])
    history = History(200_000_000, 280_000_000, ((200_000_000, 30.5, 28.25), (600_000_000, 36.5, 28.25)))
    if purpose != "best":
        return Cutout(track, rgba, crop[:2], history=history)
    terms = {"sharpness": 0.5, "size": 1.0}
    return Cutout(track, rgba, crop[:2], purpose, 0.5, terms, ranking or (frame.seq,), history)


def extraction(seq: int = 0, pts_ns: int | None = None, *, tracks: tuple[Track, ...] | None = None) -> Extraction:
    return Extraction(make_frame(seq, pts_ns), (make_track(),) if tracks is None else tracks)


def validator(name: str) -> Draft202012Validator:
    schema = json.loads(files("streamseg.schemas").joinpath(f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def sound_file(path: Path, *, codec: str = "aac", seconds: int = 2, video_from_s: int = 0) -> Path:
    """A file with a small video and one beep in its sound, a second after the video begins."""
    rate = 48_000
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream(codec, rate=rate)
        audio.layout = "mono"
        for i in range(seconds * 25):
            picture = av.VideoFrame.from_ndarray(np.full((72, 64), 128, np.uint8), format="yuv420p")
            picture.pts, picture.time_base = i + video_from_s * 25, Fraction(1, 25)
            container.mux(video.encode(picture))
        samples = np.zeros(seconds * rate, np.int16)
        beep = slice(rate, rate + rate // 10)
        samples[beep] = (12_000 * np.sin(np.arange(rate // 10) * 0.2)).astype(np.int16)
        resampler = av.AudioResampler(format=audio.format, layout="mono", rate=rate)
        for at in range(0, len(samples), 1024):
            sound = av.AudioFrame.from_ndarray(samples[None, at : at + 1024], format="s16", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = rate, at + video_from_s * rate, Fraction(1, rate)
            for part in resampler.resample(sound):
                container.mux(audio.encode(part))
        container.mux(audio.encode(None))
        container.mux(video.encode(None))
    return path


def beep_at_s(path: Path) -> float:
    """When the sound of a file first becomes loud, in its own time."""
    with av.open(str(path)) as container:
        for sound in container.decode(audio=0):
            samples = np.abs(sound.to_ndarray().astype(float)).reshape(-1)
            samples /= 1.0 if sound.format.name.startswith("flt") else 32768
            loud = np.flatnonzero(samples > 0.1)
            if len(loud):
                assert sound.time is not None
                return sound.time + loud[0] / sound.sample_rate
    raise AssertionError(f"{path} is silent")


def refuses_what_was_lost(make: Callable[[], Sink], path: Path, position: bytes) -> None:
    """A successor's open() is an error when its file became shorter, or is gone."""
    size, name = path.stat().st_size, re.escape(path.name)
    os.truncate(path, size - 1)
    with pytest.raises(SinkError, match=rf"{name}: holds {size - 1} bytes; {size} were written before"):
        make().open(info(), position)
    path.unlink()
    with pytest.raises(SinkError, match=rf"{name}: is missing"):
        make().open(info(), position)
