"""Alpha and colours against composites whose alpha is known."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from streamseg.geometry import F32, U8, SoftMask
from streamseg.tracking.decontaminate import decontaminate
from streamseg.tracking.matte import Matte, band_px, guided_matte, mask_matte, without_specks
from tests.tracking.composites import GRASS, PAVEMENT, RED, SIDE, Composite, composite

WHOLE = (0, 0, SIDE, SIDE)
FLAT = np.full((40, 40, 3), 90, np.uint8)


def sad(alpha: U8, scene: Composite) -> float:
    """Sum of absolute differences to the true alpha (Rhemann et al. 2009), in pixels."""
    return float(np.abs(alpha / 255 - scene.alpha).sum())


@pytest.mark.parametrize("background", [RED, GRASS, PAVEMENT], ids=["red", "grass", "pavement"])
@pytest.mark.parametrize("cell", [6, 8, 12])
def test_alpha_is_nearer_the_truth_than_the_upsampled_mask(background: F32, cell: int) -> None:
    scene = composite(background, cell)
    upsampled = sad(scene.mask.on(WHOLE), scene)
    guided = sad(guided_matte(scene.rgb, scene.mask, WHOLE).alpha, scene)
    steep = sad(mask_matte(scene.mask, WHOLE).alpha, scene)
    assert guided < 0.65 * upsampled, (guided, steep, upsampled)
    assert guided < steep < upsampled


@pytest.mark.parametrize("background", [RED, GRASS, PAVEMENT], ids=["red", "grass", "pavement"])
def test_away_from_the_edge_alpha_is_exactly_255_or_0(background: F32) -> None:
    scene = composite(background)
    matte = guided_matte(scene.rgb, scene.mask, WHOLE)
    kernel = np.ones((51, 51), np.uint8)
    hard = (scene.alpha > 0.5).astype(np.uint8)
    assert (matte.alpha[cv2.erode(hard, kernel) > 0] == 255).all()
    assert (matte.alpha[cv2.dilate(hard, kernel) == 0] == 0).all()
    assert set(np.unique(matte.alpha[~matte.band])) == {0, 255}
    assert ((matte.alpha > 20) & (matte.alpha < 235)).any()


def test_what_the_network_is_sure_of_no_picture_can_undo() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    mask = composite(GRASS).mask
    coarse, alpha = mask.on(WHOLE), guided_matte(noise, mask, WHOLE).alpha
    assert (alpha[coarse >= 225] == 255).all() and (alpha[coarse <= 30] == 0).all()


def test_alpha_fades_out_at_the_end_of_the_band_without_a_step() -> None:
    """A wide doubtful fringe, on a picture that gives no edge: nothing may end like a cut with scissors."""
    alpha = np.full((16, 16), 90, np.uint8)
    alpha[4:12, 4:12] = 255
    mask = SoftMask(alpha, (0.0, 0.0, 192.0, 192.0))
    matte = guided_matte(np.full((192, 192, 3), 120, np.uint8), mask, WHOLE)
    profile = matte.alpha[96].astype(int)
    assert profile[0] == profile[-1] == 0 and profile[96] == 255
    steps, ends = np.abs(np.diff(profile)), np.minimum(profile[1:], profile[:-1]) == 0
    assert steps[ends].max() <= 255 / 10 and steps.max() <= 255 / 2


def test_specks_go_and_parts_stay() -> None:
    alpha = np.zeros((40, 20), np.uint8)
    alpha[2:20], alpha[24:34], alpha[37:39, 2:4] = 255, 255, 255
    alpha[:, 12:14] = 60
    cleaned = without_specks(SoftMask(alpha, (0.0, 0.0, 20.0, 40.0))).alpha
    expected = alpha.copy()
    expected[37:39, 2:4] = 0
    np.testing.assert_array_equal(cleaned, expected)
    empty = SoftMask(np.zeros((4, 4), np.uint8), (0.0, 0.0, 4.0, 4.0))
    assert without_specks(empty) is empty


def test_colours_are_the_pictures_own_where_alpha_is_255_and_hidden_outside_the_band() -> None:
    scene = composite(GRASS)
    matte = guided_matte(scene.rgb, scene.mask, WHOLE)
    colours = decontaminate(scene.rgb, matte, band_px(scene.mask))
    full = matte.alpha == 255
    assert full.mean() > 0.2
    np.testing.assert_array_equal(colours[full], scene.rgb[full])
    assert not colours[(matte.alpha == 0) & ~matte.band].any()


def test_no_red_halo_of_the_old_background() -> None:
    scene = composite(RED)
    matte = guided_matte(scene.rgb, scene.mask, WHOLE)
    colours = decontaminate(scene.rgb, matte, band_px(scene.mask))
    weight = (matte.alpha / 255.0)[:, :, None] * (matte.alpha < 255)[:, :, None]

    def halo(rgb: U8) -> float:
        """How far the edge's colours are from the object's, as seen over a new background."""
        return float((np.abs(rgb - scene.colours) * weight).sum() / weight.sum())

    assert halo(colours) < 0.35 * halo(scene.rgb)


def test_with_the_true_alpha_the_true_colours_come_back() -> None:
    scene = composite(PAVEMENT)
    alpha = np.rint(scene.alpha * 255).astype(np.uint8)
    matte = Matte(alpha, cv2.dilate(((alpha > 0) & (alpha < 255)).astype(np.uint8), np.ones((5, 5))) > 0)
    colours = decontaminate(scene.rgb, matte, 6)
    edge = (alpha > 100) & (alpha < 255)
    assert (
        np.abs(colours[edge] - scene.colours[edge]).mean() < 0.4 * np.abs(scene.rgb[edge] - scene.colours[edge]).mean()
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 3), (5, 1), (9, 9)])
@pytest.mark.parametrize("mask_size", [(1, 1), (3, 2), (28, 28)])
def test_tiny_crops_work(size: tuple[int, int], mask_size: tuple[int, int]) -> None:
    rgb = np.full((*size, 3), 77, np.uint8)
    mask = SoftMask(np.full(mask_size, 255, np.uint8), (-2.0, -2.0, size[1] + 2.0, size[0] + 2.0))
    matte = guided_matte(rgb, mask, (0, 0, size[1], size[0]))
    assert matte.alpha.shape == size == decontaminate(rgb, matte, 2).shape[:2]


@pytest.mark.parametrize("matte", [mask_matte, lambda mask, crop: guided_matte(FLAT, mask, crop)])
def test_an_object_cut_off_by_the_frame_has_no_edge_there(
    matte: Callable[[SoftMask, tuple[int, int, int, int]], Matte],
) -> None:
    mask = SoftMask(np.full((4, 4), 255, np.uint8), (0.0, 40.0, 40.0, 80.0))
    alpha = matte(mask, (0, 40, 40, 80)).alpha
    assert alpha[20, 0] == alpha[39, 20] == 255
