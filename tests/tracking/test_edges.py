"""What plainer ways of cutting out fail at: strands, screens, a noisy picture that stands still.

The bounds lie between ours and what a guided filter with blur fusion gives (tests/bench/mattes_plain.py).
"""

import cv2
import numpy as np
import pytest

from streamseg.config import CutoutsConfig
from streamseg.geometry import F32, U8, SoftMask
from streamseg.pixels import frame_rgb
from streamseg.records import Track
from streamseg.tracking.cutter import Cutter
from streamseg.tracking.decontaminate import decontaminate
from streamseg.tracking.matte import band_px, guided_matte
from streamseg.tracking.refiner import LAYERS, refine
from tests.tracking.composites import GRASS, PAVEMENT, SIDE, composite, texture
from tests.tracking.scenes import rgb_frame

WHOLE = (0, 0, SIDE, SIDE)
CELL = 3.2
SCREEN = np.broadcast_to(np.array([30, 190, 60], np.float32), (SIDE, SIDE, 3))
OBJECT = texture(1, (20, 60, 150), (60, 110, 220))


def hairy(background: F32, *, noise: float = 0.0, seed: int = 0) -> tuple[U8, F32, F32, SoftMask]:
    """A disc with hairs of about a pixel: picture, alpha, hairs alone, and the true mask at a cell of 3.2 px."""
    fine = np.zeros((4 * SIDE, 4 * SIDE), np.uint8)
    for turn in np.linspace(0, 2 * np.pi, 24, endpoint=False):
        ends = (np.array([[np.cos(turn), np.sin(turn)], [np.cos(turn + 0.08), np.sin(turn + 0.08)]]).T * [40, 66]).T
        cv2.polylines(fine, [np.rint((ends + SIDE / 2) * 4).astype(np.int32)], False, 255, 5)
    hairs = cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    disc = np.clip(50 - np.hypot(rows, columns) + 0.5, 0, 1).astype(np.float32)
    alpha = np.maximum(hairs, disc)
    grain = noise * np.random.default_rng(seed).normal(size=(SIDE, SIDE, 3))
    rgb = alpha[:, :, None] * OBJECT + (1 - alpha[:, :, None]) * background + grain
    cells = cv2.resize(alpha, (round(SIDE / CELL),) * 2, interpolation=cv2.INTER_AREA)
    mask = SoftMask(np.rint(cells * 255).astype(np.uint8), (0.0, 0.0, float(SIDE), float(SIDE)))
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8), alpha, hairs * (disc == 0), mask


@pytest.mark.parametrize("background", [SCREEN, GRASS, PAVEMENT], ids=["screen", "grass", "pavement"])
def test_hairs_are_found_and_what_lies_between_them_is_not(background: F32) -> None:
    rgb, alpha, hairs, mask = hairy(background)
    made = guided_matte(rgb, mask, WHOLE).alpha / 255
    hair, gap = hairs > 0.8, (alpha == 0) & (cv2.dilate(hairs, np.ones((7, 7))) > 0.5)
    assert made[hair].mean() > 0.7 and made[gap].mean() < 0.06


@pytest.mark.parametrize(("cell", "most"), [(4, 0.26), (6, 0.22)])
def test_over_other_screens_a_cutout_from_a_green_one_shows_no_green(cell: int, most: float) -> None:
    scene = composite(SCREEN, cell)
    cells = cv2.resize(scene.alpha, (SIDE // cell, SIDE // cell), interpolation=cv2.INTER_AREA)
    mask = SoftMask(np.rint(cells * 255).astype(np.uint8), (0.0, 0.0, float(SIDE), float(SIDE)))
    frame = rgb_frame(scene.rgb)
    cutout = Cutter(CutoutsConfig()).cut(frame, Track(1, "person", 0.9, mask.box, "active", mask))
    assert cutout is not None and cutout.rgba.shape[:2] == scene.alpha.shape
    soft = (scene.alpha > 0) & (scene.alpha < 1)

    def error(share: F32, colours: U8) -> float:
        total = 0.0
        for screen in ([255, 0, 0], [0, 0, 255]):
            new = [
                a[:, :, None] * c + (1 - a[:, :, None]) * screen
                for a, c in ((share, colours), (scene.alpha, scene.colours))
            ]
            total += float(np.abs(new[0] - new[1])[soft].mean())
        return total

    plain = error(mask.on(WHOLE) / np.float32(255), frame_rgb(frame))
    made = error(cutout.rgba[:, :, 3] / np.float32(255), cutout.rgba[:, :, :3])
    assert made < most * plain


def test_a_noisy_picture_that_stands_still_does_not_flicker() -> None:
    first, second = (guided_matte(*pair, WHOLE) for pair in (hairy(GRASS, noise=4, seed=k)[::3] for k in (1, 2)))
    change = (first.alpha.astype(np.float32) - second.alpha)[first.band] / 255
    assert float(np.sqrt(np.square(change).mean())) < 0.018


def test_the_refiners_sums_are_multiples_of_a_power_of_two_that_float32_holds() -> None:
    """Or another library, or another number of threads, would give other bytes."""
    seen = np.random.default_rng(0).integers(0, 256, (500, LAYERS[0].shape[1] - 1), np.uint8)
    exact = np.vstack([seen.T.astype(np.int64), np.ones((1, 500), np.int64)])
    for layer in LAYERS:
        grain = np.ones((len(layer), 1))
        while (layer / grain % 1).any():
            grain = np.where((layer / grain % 1).any(axis=1, keepdims=True), grain / 2, grain)
        whole = (layer / grain).astype(np.int64)
        assert (255 * np.abs(whole[:, :-1]).sum(1) + np.abs(whole[:, -1])).max() < 1 << 24
        exact = np.floor(np.clip((whole @ exact) * grain, 0, 255)).astype(np.int64)
    np.testing.assert_array_equal(refine(seen), exact)


@pytest.mark.parametrize("threads", [2, 5])
def test_the_number_of_threads_changes_no_byte(threads: int) -> None:
    rgb, _, _, mask = hairy(GRASS, noise=3)

    def cut() -> tuple[U8, U8]:
        matte = guided_matte(rgb, mask, WHOLE)
        return matte.alpha, decontaminate(rgb, matte, band_px(mask))

    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = cut()
        cv2.setNumThreads(threads)
        together = cut()
    finally:
        cv2.setNumThreads(before)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_picture_gives_the_same_matte_wherever_it_lies_and_however_often() -> None:
    rgb, _, _, mask = hairy(PAVEMENT, noise=3)
    first = guided_matte(rgb, mask, WHOLE).alpha
    moved = SoftMask(mask.alpha, (40.0, 20.0, 40.0 + SIDE, 20.0 + SIDE))
    np.testing.assert_array_equal(first, guided_matte(rgb, moved, (40, 20, 40 + SIDE, 20 + SIDE)).alpha)
