"""Files of a data set: where they may lie, and how large pictures say they are."""

import cv2
import numpy as np
import pytest

from streamseg.errors import DataError
from streamseg.training.members import image_size, reader_of


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "a\0b"])
def test_nothing_outside_of_a_folder_is_read(tmp_path, name):
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "data"
    (folder / "a").mkdir(parents=True)
    with pytest.raises(DataError, match="leads out of the data set"):
        reader_of(folder)(name)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.jpg: No such file"):
        reader_of(tmp_path)("a.jpg")
    with pytest.raises(DataError, match="no such file or folder"):
        reader_of(tmp_path / "x.zip")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("size_hw", [(8, 8), (301, 77), (2, 4000)])
def test_pictures_say_how_large_they_are(suffix, size_hw):
    content = bytes(cv2.imencode(suffix, np.zeros((*size_hw, 3), np.uint8))[1])
    assert image_size(content) == size_hw
    assert image_size(content[:15]) is None


def test_progressive_and_grey_ones_too():
    grey = np.zeros((9, 12), np.uint8)
    content = bytes(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 1])[1])
    assert image_size(content) == (9, 12)
    assert image_size(bytes(cv2.imencode(".bmp", grey)[1])) is None
