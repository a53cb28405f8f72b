from pathlib import Path

import numpy as np
import pytest

from streamseg.camera.condition import Format
from streamseg.camera.encode import encode
from streamseg.camera.pictures import Pattern, look_at
from streamseg.errors import ConfigError, SourceError
from tests.camera.decoded import decoded

STREET = "synthetic://street?seconds=2&size=130x96&fps=5&seed=3"
PATTERN = Pattern((96, 64), 10.0, 1.5)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_key_frames_hold_all_that_a_decoder_needs(codec: str) -> None:
    [clip] = encode(PATTERN, [Format(codec, 96, 64, 10.0)], key_every_s=0.5, marks=False)
    assert [index for index, key in enumerate(clip.keys) if key] == [0, 5, 10]
    assert clip.period_s == 1.5
    later = clip.data[clip.starts[5] :]
    whole = decoded(clip)
    assert len(whole) == 15
    clip_from_5 = type(clip)(clip.format, 1.0, later, [], [], [])
    assert [np.array_equal(a, b) for a, b in zip(decoded(clip_from_5), whole[5:], strict=True)] == [True] * 10


def test_formats_in_one_pass() -> None:
    wanted = [Format("h264", 96, 64, 10.0), Format("h264", 48, 32, 5.0), Format("mjpeg", 96, 64, 20.0)]
    clips = encode(PATTERN, wanted, key_every_s=1.0, marks=True)
    assert [clip.format for clip in clips] == wanted
    assert clips[1].numbers == [0, 2, 4, 6, 8, 10, 12, 14]
    assert clips[2].numbers == [number for number in range(15) for _ in range(2)]
    assert [decoded(clip)[0].shape for clip in clips] == [(64, 96), (32, 48), (64, 96)]
    assert all(len(clip.starts) == len(clip.keys) + 1 == len(clip.numbers) + 1 for clip in clips)


def test_sources() -> None:
    pictures = look_at(STREET, size=None, fps=None, seconds=0.6)
    assert (pictures.size, pictures.fps) == ((130, 96), 5.0)
    assert [picture.shape for picture in pictures] == [(96, 130, 3)] * 3
    assert [picture.shape for picture in look_at(STREET, size=(64, 48), fps=25.0, seconds=0.2)] == [(48, 64, 3)]


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
@pytest.mark.parametrize("size", [(16, 16), (18, 34), (2040, 16)])
def test_sizes_of_all_kinds(codec: str, size: tuple[int, int]) -> None:
    [clip] = encode(Pattern((96, 64), 10.0, 0.2), [Format(codec, *size, 10.0)], key_every_s=1.0, marks=True)
    assert [picture.shape for picture in decoded(clip)] == [size[::-1]] * 2


def test_sources_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be looped; allowed are a video file"):
        look_at("rtsp://10.0.0.7/stream", size=None, fps=None, seconds=1)
    with pytest.raises(SourceError, match=r"nothing\.mp4"):
        look_at(str(tmp_path / "nothing.mp4"), size=None, fps=None, seconds=1)
