from dataclasses import replace

import cv2
import numpy as np
import pytest

from streamseg.config import CutoutsConfig
from streamseg.geometry import Box, SoftMask
from streamseg.pixels import frame_rgb
from streamseg.records import Cutout, Frame, Track
from streamseg.tracking.cutter import Cutter
from tests.tracking.composites import GRASS, RED, composite
from tests.tracking.scenes import rgb_frame

SCENE = composite(GRASS)
DISC: Box = (25.0, 27.0, 163.0, 166.0)


def disc_track(box: Box = DISC) -> Track:
    return Track(1, "person", 0.9, box, "active", SCENE.mask, "person")


def cut(frame: Frame, track: Track, **config: object) -> Cutout:
    cutout = Cutter(CutoutsConfig.model_validate(config)).cut(frame, track)
    assert cutout is not None
    return cutout


@pytest.mark.parametrize("matte", ["guided", "mask"])
@pytest.mark.parametrize("crop_to", [(192, 192), (191, 189)])
def test_pasted_at_its_offset_the_opaque_pixels_are_the_frames_own(matte: str, crop_to: tuple[int, int]) -> None:
    frame = rgb_frame(np.ascontiguousarray(SCENE.rgb[: crop_to[0], : crop_to[1]]))
    cutout = cut(frame, disc_track(), matte=matte)
    (x, y), (height, width) = cutout.offset, cutout.rgba.shape[:2]
    assert x % 2 == 0 and y % 2 == 0 and cutout.rgba.dtype == np.uint8 and cutout.rgba.shape[2] == 4
    opaque = cutout.rgba[:, :, 3] == 255
    assert opaque.mean() > 0.3
    np.testing.assert_array_equal(
        cutout.rgba[:, :, :3][opaque], frame_rgb(frame)[y : y + height, x : x + width][opaque]
    )


def test_the_margin_is_a_share_of_the_longer_side() -> None:
    tight, roomy = (cut(rgb_frame(SCENE.rgb), disc_track(), margin=m).rgba.shape[:2] for m in (0.0, 0.1))
    assert tight[0] in (139, 140) and tight[1] in (138, 139)
    assert roomy[0] - tight[0] == pytest.approx(2 * 13.9, abs=2)


@pytest.mark.parametrize("matte", ["guided", "mask"])
def test_an_object_cut_off_by_the_border_stays_solid_there(matte: str) -> None:
    frame = rgb_frame(SCENE.rgb)
    mask = SoftMask(np.full((8, 8), 255, np.uint8), (0.0, 60.0, 80.0, 140.0))
    cutout = cut(frame, Track(1, "person", 0.9, (0.0, 60.0, 80.0, 140.0), "active", mask), matte=matte)
    assert cutout.offset[0] == 0 and (cutout.rgba[30:50, -1, 3] == 0).all()
    assert (cutout.rgba[30:50, 0, 3] == 255).all()


@pytest.mark.parametrize("box", [(200.0, 10.0, 230.0, 60.0), (-50.0, 10.0, -9.0, 60.0)])
def test_nothing_in_the_frame_gives_no_cutout(box: Box) -> None:
    mask = SoftMask(np.full((8, 8), 255, np.uint8), box)
    assert Cutter(CutoutsConfig(margin=0)).cut(rgb_frame(SCENE.rgb), Track(1, "p", 0.9, box, "active", mask)) is None


def test_over_a_new_background_the_guided_cutout_is_nearer_the_truth_than_the_plain_one() -> None:
    frame = rgb_frame(SCENE.rgb)
    blue = np.array([10, 10, 250], np.float32)

    def error(matte: str) -> float:
        cutout = cut(frame, disc_track(), matte=matte)
        (x, y), (height, width) = cutout.offset, cutout.rgba.shape[:2]
        part = (slice(y, y + height), slice(x, x + width))
        share, true = cutout.rgba[:, :, 3:] / 255.0, SCENE.alpha[part][:, :, None]
        pasted = share * cutout.rgba[:, :, :3] + (1 - share) * blue
        return float(np.abs(pasted - (true * SCENE.colours[part] + (1 - true) * blue)).mean())

    assert error("guided") < 0.8 * error("mask")


def test_soft_pixels_do_not_show_the_old_background() -> None:
    scene = composite(RED)
    cutout = cut(rgb_frame(scene.rgb), replace(disc_track(), mask=scene.mask))
    (x, y), (height, width) = cutout.offset, cutout.rgba.shape[:2]
    part = (slice(y, y + height), slice(x, x + width))
    soft = (cutout.rgba[:, :, 3] > 60) & (cutout.rgba[:, :, 3] < 255)
    reds = [float(rgb[soft][:, 0].mean()) for rgb in (cutout.rgba, scene.rgb[part], scene.colours[part])]
    assert reds[0] - reds[2] < 0.4 * (reds[1] - reds[2]), reds


def test_cutting_leaves_the_frame_alone() -> None:
    frame = rgb_frame(SCENE.rgb)
    before = [cv2.sumElems(p) for p in (frame.planes.y, frame.planes.u, frame.planes.v)]
    cut(frame, disc_track())
    assert [cv2.sumElems(p) for p in (frame.planes.y, frame.planes.u, frame.planes.v)] == before
