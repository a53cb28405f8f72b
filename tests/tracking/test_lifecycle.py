import numpy as np
import pytest

from streamseg.geometry import Box, SoftMask, mask_iou
from streamseg.tracking import lifecycle
from streamseg.tracking.detections import Detection
from tests.tracking.scenes import ellipse_mask

BOX: Box = (5.0, 7.0, 45.0, 87.0)


@pytest.mark.parametrize("hw", [(3, 4), (32, 32), (33, 50), (70, 100)])
@pytest.mark.parametrize("grown", [0.0, 3.0])
def test_an_outline_is_remembered_whatever_its_size_and_moves_with_the_box(hw: tuple[int, int], grown: float) -> None:
    """A network's mask reaches a little beyond the box of its object."""
    place = (BOX[0] - grown, BOX[1] - grown, BOX[2] + grown, BOX[3])
    rows, columns = ((np.arange(n) + 0.5) / n * 2 - 1 for n in hw)
    disc = np.where(rows[:, None] ** 2 + columns**2 < 1, 255, 0).astype(np.uint8)
    track = lifecycle.born(1, Detection(BOX, 0.9, "person", SoftMask(disc, place), b""), 0)
    assert len(track.outline.alpha) <= 1024
    assert mask_iou(lifecycle.remembered_mask(track, BOX), SoftMask(disc, place), grid=64) > 0.93
    twice = (100.0, 0.0, 180.0, 160.0)
    moved = SoftMask(disc, (100 - 2 * grown, -2 * grown, 180 + 2 * grown, 160))
    assert mask_iou(lifecycle.remembered_mask(track, twice), moved, grid=64) > 0.93


def test_what_a_track_looks_like_is_a_slow_mean_of_unit_length() -> None:
    track = lifecycle.born(1, Detection(BOX, 0.9, "person", ellipse_mask(BOX), np.float32([1, 0]).tobytes()), 0)
    looks = lifecycle.looks_of([track])
    assert looks is not None and looks.tolist() == [[1, 0]]
    assert lifecycle.looks_of([]) is None
    blank = lifecycle.born(2, Detection(BOX, 0.9, "person", ellipse_mask(BOX), b""), 0)
    assert lifecycle.looks_of([track, blank]) is None
