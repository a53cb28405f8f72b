import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from streamseg.geometry import Letterbox, SoftMask, box_iou, cover, mask_iou, rle_decode, rle_encode

sides = st.integers(1, 5000)


@given(st.integers(0, 300), st.integers(0, 300), sides, sides, st.sampled_from([(384, 640), (416, 416), (32, 64)]))
def test_letterbox_inverse_is_exact(x0, y0, width, height, view_hw):
    fit = Letterbox.fit((x0, y0, x0 + width, y0 + height), view_hw)
    corners = np.array([[x0, y0], [x0 + width, y0 + height], [x0 + width / 3, y0 + height / 7]])
    assert np.allclose(fit.undo(fit.apply(corners)), corners, atol=2e-3 * max(width, height))
    low, high = fit.apply(corners[0]), fit.apply(corners[1])
    assert np.allclose(high - low, fit.content_hw[::-1], atol=0.05)
    assert np.all(low >= 0) and high[0] <= view_hw[1] + 0.05 and high[1] <= view_hw[0] + 0.05


@pytest.mark.parametrize(
    ("region", "view_hw", "aspect", "content_hw"),
    [
        # 16:9 into 5:3 leaves bars above and below
        ((0, 0, 1920, 1080), (384, 640), 1.0, (360, 640)),
        # upright into lying leaves bars at the sides
        ((0, 0, 1080, 1920), (384, 640), 1.0, (384, 216)),
        # anamorphic: 1440 columns stand for 1920
        ((0, 0, 1440, 1080), (384, 640), 4 / 3, (360, 640)),
    ],
)
def test_letterbox_keeps_the_shape(region, view_hw, aspect, content_hw):
    assert Letterbox.fit(region, view_hw, aspect).content_hw == content_hw


masks = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@given(masks)
def test_rle_is_cocos(mask):
    text = rle_encode(mask)
    assert text == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(rle_decode(text, mask.shape), mask)


@given(st.text(max_size=30))
def test_rle_decode_refuses_nonsense_with_value_error(text):
    with contextlib.suppress(ValueError):
        assert rle_decode(text, (4, 5)).shape == (4, 5)


@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        # empty boxes overlap nothing, themselves included
        ((3, 3, 3, 3), (3, 3, 3, 3), 0.0),
        # inside out
        ((10, 10, 0, 0), (0, 0, 10, 10), 0.0),
    ],
)
def test_box_iou(a, b, iou):
    assert box_iou([a], [b])[0, 0] == pytest.approx(iou, abs=1e-6)


def disc(side):
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    return ((x * x + y * y < (side / 2 - 1) ** 2) * 255).astype(np.uint8)


def test_soft_mask_lands_where_its_box_says():
    mask = SoftMask(np.full((10, 20), 255, np.uint8), (40.0, 30.0, 80.0, 50.0))
    placed = mask.on((0, 0, 120, 90)) > 127
    ys, xs = np.nonzero(placed)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (40, 80, 30, 50)


def test_soft_mask_does_not_fade_at_its_border_and_ends_with_its_box():
    placed = SoftMask(np.full((4, 4), 255, np.uint8), (0.0, 0.0, 40.0, 40.0)).on((0, 0, 50, 50))
    assert placed[:40, :40].min() == 255 and placed[40:].max() == placed[:, 40:].max() == 0


@pytest.mark.parametrize("box", [(5.0, 5.0, 5.0, 9.0), (60.0, 0.0, 70.0, 9.0), (9.0, 9.0, 3.0, 3.0)])
def test_soft_mask_without_area_or_elsewhere_is_empty(box):
    assert not SoftMask(np.full((4, 4), 255, np.uint8), box).on((0, 0, 50, 50)).any()


def test_soft_mask_crop_equals_the_same_part_of_the_whole():
    mask = SoftMask(disc(24), (11.3, 7.9, 63.1, 55.2))
    whole = mask.on((0, 0, 100, 80)).astype(int)
    part = mask.on((20, 10, 50, 40)).astype(int)
    assert np.abs(whole[10:40, 20:50] - part).max() <= 8


@pytest.mark.parametrize(("shift", "low", "high"), [(0, 0.99, 1.0), (50, 0.0, 0.0), (12, 0.5, 0.75), (25, 0.2, 0.4)])
def test_mask_iou_falls_with_distance(shift, low, high):
    a = SoftMask(disc(32), (0.0, 0.0, 50.0, 50.0))
    b = SoftMask(disc(32), (shift, 0.0, 50.0 + shift, 50.0))
    assert low <= mask_iou(a, b) <= high


def test_cover_stays_inside_and_starts_even():
    assert cover((-3.2, 5.5, 9.1, 30.0), (20, 10)) == (0, 5, 10, 20)
    assert cover((3.0, 5.0, 9.0, 9.0), (20, 20), even=True) == (2, 4, 9, 9)
    assert cover((4.0, 4.0, 14.0, 8.0), (40, 40), margin=0.2) == (2, 2, 16, 10)


@pytest.mark.parametrize(
    ("counts", "size_hw", "told"),
    [
        ("o" * 100, (6, 5), "longer than 64 bits"),
        ("0" * 12, (10**6, 10**6), "64 megapixels"),
        ("1", (-1, -1), "64 megapixels"),
        ("é", (1, 1), "ascii"),
    ],
)
def test_run_lengths_of_what_is_no_mask(counts, size_hw, told):
    with pytest.raises(ValueError, match=told):
        rle_decode(counts, size_hw)
