import numpy as np
import pytest

from streamseg.geometry import Box, SoftMask
from streamseg.records import Track
from streamseg.sinks.silhouettes import is_one_of, silhouette
from tests.sinks.scenes import disc_mask, make_track

SIZE_HW = 200, 300
BOX: Box = (100.0, 40.0, 160.0, 160.0)


def covered(track: Track, size_hw: tuple[int, int] = SIZE_HW) -> np.ndarray:
    """Full-frame coverage of a track."""
    full = np.zeros(size_hw, np.uint8)
    area = silhouette(track, size_hw)
    if area is not None:
        x0, y0, x1, y1 = area.crop
        full[y0:y1, x0:x1] = area.coverage
    return full


def test_it_covers_the_mask_and_some_pixels_around_it() -> None:
    track = make_track(box=BOX, mask=disc_mask(BOX))
    full = covered(track)
    mask = track.mask.on((0, 0, 300, 200)) > 127
    assert (full[mask] == 255).all()
    left = np.flatnonzero(mask.any(axis=0))[0]
    assert (full[100, left - 5 : left] == 255).all(), "hair and hands"
    assert not full[:, : left - 25].any()


def test_a_faint_mask_counts() -> None:
    faint = SoftMask(np.full((8, 8), 60, np.uint8), BOX)
    assert covered(make_track(box=BOX, mask=faint))[100, 130] == 255


def test_of_a_lost_track_the_whole_box_is_covered() -> None:
    full = covered(make_track(box=BOX, state="lost", mask=None))
    assert (full[40:160, 100:160] == 255).all()
    assert not full[:, :80].any()


@pytest.mark.parametrize("box", [(-80.0, -80.0, -10.0, -10.0), (400.0, 10.0, 500.0, 90.0), (10.0, 300.0, 40.0, 390.0)])
def test_out_of_the_frame_there_is_nothing(box: Box) -> None:
    assert silhouette(make_track(box=box, mask=disc_mask(box)), SIZE_HW) is None


@pytest.mark.parametrize("size_hw", [(200, 300), (199, 299), (37, 41)])
@pytest.mark.parametrize("box", [(-20.0, -20.0, 500.0, 400.0), (270.5, 170.5, 310.0, 230.0), (3.0, 3.0, 4.0, 4.0)])
def test_it_lies_within_the_frame_on_even_pixels(size_hw: tuple[int, int], box: Box) -> None:
    area = silhouette(make_track(box=box, state="lost", mask=None), size_hw)
    if area is None:
        assert box[0] > size_hw[1]
        return
    x0, y0, x1, y1 = area.crop
    assert (x0 % 2, y0 % 2) == (0, 0)
    assert x1 <= size_hw[1]
    assert y1 <= size_hw[0]
    assert x1 % 2 == 0 or x1 == size_hw[1]
    assert area.coverage.shape == (y1 - y0, x1 - x0)


def test_a_track_is_of_the_class_it_has_and_of_the_one_it_was_confirmed_with() -> None:
    track = make_track(label="vehicle", confirmed_label="person")
    assert is_one_of(track, None)
    assert is_one_of(track, ["person"])
    assert is_one_of(track, ["vehicle"])
    assert not is_one_of(track, ["animal"])
