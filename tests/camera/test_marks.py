import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.camera.condition import Format
from streamseg.camera.encode import encode
from streamseg.camera.marks import LEAST_SIZE_PX, NUMBERS, draw_mark, read_mark
from streamseg.camera.pictures import Pattern
from tests.camera.decoded import decoded


def a_picture(size: tuple[int, int], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)


@given(st.integers(0, NUMBERS - 1), st.sampled_from([LEAST_SIZE_PX, (96, 64), (640, 360), (1918, 1080)]))
def test_what_was_drawn_is_read(number: int, size: tuple[int, int]) -> None:
    picture = a_picture(size)
    draw_mark(picture, number, text="somewhere")
    assert read_mark(picture) == number
    assert read_mark(np.ascontiguousarray(picture[:, :, 1])) == number


def test_numbers_begin_again() -> None:
    picture = a_picture((96, 64))
    draw_mark(picture, NUMBERS + 5)
    assert read_mark(picture) == 5


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_read_where_nothing_is(seed: int) -> None:
    assert read_mark(a_picture((320, 240), seed)) is None
    assert read_mark(np.full((240, 320), 10 * seed, np.uint8)) is None
    assert read_mark(np.zeros((8, 8), np.uint8)) is None


def test_a_damaged_mark_is_not_read() -> None:
    picture = a_picture((320, 240))
    draw_mark(picture, 12345)
    picture[9:12, 4:36] = 255 - picture[9:12, 4:36]
    assert read_mark(picture) is None


@pytest.mark.parametrize("height", [1080, 540, 480, 360])
def test_scaled_pictures(height: int) -> None:
    picture = a_picture((1280, 720))
    draw_mark(picture, 654321)
    scaled = cv2.resize(picture, (round(height * 16 / 9), height), interpolation=cv2.INTER_AREA)
    assert read_mark(scaled) == 654321


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_marks_survive_codecs(codec: str) -> None:
    pictures = Pattern((160, 96), 10.0, 2.0)
    [clip] = encode(pictures, [Format(codec, 160, 96, 10.0)], key_every_s=1.0, marks=True)
    assert [read_mark(picture) for picture in decoded(clip)] == list(range(20))
