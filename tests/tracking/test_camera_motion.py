"""A camera that pans, turns and zooms over a known texture; and pictures that tell nothing."""

from math import cos, radians, sin

import cv2
import msgspec
import numpy as np
import pytest

from streamseg.config import TrackingConfig
from streamseg.geometry import U8, Box
from streamseg.records import Extraction, Frame, Planes
from streamseg.tracking import TrackerState
from streamseg.tracking.camera_motion import CameraView, Similarity, camera_motion
from streamseg.tracking.kalman import Motion
from tests.tracking.scenes import Found, instances, make_tracker, person

HW = (480, 640)
CORNERS = np.array([(0, 0), (HW[1], 0), (0, HW[0]), (HW[1], HW[0]), (HW[1] / 2, HW[0] / 2)])


def texture(seed: int, hw: tuple[int, int] = (HW[0] + 200, HW[1] + 200)) -> U8:
    """Blobs of some ten pixels, as streets have them."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=hw), (0, 0), 6)
    return np.clip(128 + noise * 50 / noise.std(), 0, 255).astype(np.uint8)


def camera(zoom: float = 1.0, turn_deg: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)) -> Similarity:
    turn = radians(turn_deg)
    linear = zoom * np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    middle = np.array([HW[1], HW[0]]) / 2
    return Similarity(linear, middle + shift - linear @ middle)


def show(canvas: U8, by: Similarity | None = None) -> U8:
    """The middle of a canvas; by: where its points lie, once the camera moved."""
    whole = np.eye(3)
    whole[:2, 2] = -100 + 0.5, -100 + 0.5
    if by is not None:
        whole = np.vstack([np.hstack([by.linear, by.shift[:, None]]), [0, 0, 1]]) @ whole
    whole[:2, 2] -= 0.5
    return cv2.warpAffine(canvas, whole[:2], HW[::-1], flags=cv2.INTER_CUBIC)


def between(before: U8, after: U8, boxes: tuple[Box, ...] = ()) -> Similarity | None:
    return camera_motion(CameraView.of(before), CameraView.of(after), boxes)


def apart_px(found: Similarity | None, wanted: Similarity) -> float:
    """Most that two motions differ anywhere in the frame."""
    assert found is not None
    one, other = (CORNERS @ each.linear.T + each.shift for each in (found, wanted))
    return float(np.hypot(*(one - other).T).max())


@pytest.mark.parametrize("shift", [(3.0, 0.0), (-7.3, 4.6), (25.0, -12.0), (60.0, 9.0)])
def test_a_pan_is_found_within_a_fraction_of_a_pixel(shift: tuple[float, float]) -> None:
    wanted = camera(shift=shift)
    assert apart_px(between(show(texture(1)), show(texture(1), wanted)), wanted) < 0.5


@pytest.mark.parametrize(("zoom", "turn_deg"), [(1.03, 0.0), (0.96, 0.0), (1.0, 2.0), (1.02, -1.5)])
def test_a_zoom_and_a_turn_are_found_too(zoom: float, turn_deg: float) -> None:
    wanted = camera(zoom, turn_deg, (6.0, -4.0))
    assert apart_px(between(show(texture(2)), show(texture(2), wanted)), wanted) < 1


@pytest.mark.parametrize("known", [True, False])
def test_something_large_that_goes_its_own_way_does_not_pull(known: bool) -> None:
    """It covers half of the picture where it is tracked already, less than that where nobody knows it."""
    wanted, width = camera(shift=(9.0, 2.0)), 320 if known else 200
    before, after = show(texture(3)), show(texture(3), wanted)
    before[:, 100 : 100 + width] = show(texture(4))[:, :width]
    after[:, 80 : 80 + width] = show(texture(4))[:, :width]
    boxes = ((100.0, 0.0, 100.0 + width, 480.0),) if known else ()
    assert apart_px(between(before, after, boxes), wanted) < 1


def test_before_a_fixed_camera_nothing_moves_whatever_the_noise_and_whatever_goes_by() -> None:
    rng, scene = np.random.default_rng(5), show(texture(5))
    noisy = [np.clip(scene + rng.normal(scale=4, size=HW), 0, 255).astype(np.uint8) for _ in range(2)]
    noisy[0][100:400, 50:250], noisy[1][100:400, 70:270] = (show(texture(6))[100:400, :200],) * 2
    assert between(*noisy) is None


@pytest.mark.parametrize("shape", [HW, (2, 640), (480, 1), (1, 1)])
def test_black_flat_and_tiny_pictures_tell_nothing(shape: tuple[int, int]) -> None:
    for level in (0, 128):
        flat = np.full(shape, level, np.uint8)
        assert between(flat, flat) is None
        assert between(flat, np.full(shape, 255, np.uint8)) is None


def test_another_size_another_scene_and_sudden_dark_tell_nothing() -> None:
    scene = show(texture(7))
    assert between(scene, show(texture(7))[:240]) is None
    assert between(scene, show(texture(8))) is None
    assert between(scene, scene // 8) is None
    assert between(scene, np.zeros(HW, np.uint8)) is None


def test_objects_that_leave_no_background_leave_nothing_to_tell_by() -> None:
    moved = show(texture(9), camera(shift=(9.0, 0.0)))
    assert between(show(texture(9)), moved, ((-5.0, -5.0, 700.0, 500.0),)) is None


@pytest.mark.parametrize("hw", [(1080, 1920), (481, 641), (64, 64), (2160, 3840)])
def test_a_view_is_small_whatever_the_frame(hw: tuple[int, int]) -> None:
    view = CameraView.of(np.zeros(hw, np.uint8))
    assert max(view.height, view.width) <= 256 and len(view.pixels) == view.height * view.width <= 65536
    assert view.width * view.factor <= hw[1] < (view.width + 1) * view.factor + view.factor


def test_motion_moves_with_the_picture() -> None:
    before = Motion.start([(100.0, 50.0, 140.0, 130.0)]).predict(0.1, np.array([False]))
    before = before.correct(np.array([0]), [(104.0, 50.0, 144.0, 130.0)])
    by = camera(zoom=2.0, turn_deg=90.0, shift=(5.0, 0.0))
    after = before.moved(by.linear, by.shift)
    np.testing.assert_allclose(after.mean[0, :2], by.linear @ before.mean[0, :2] + by.shift)
    np.testing.assert_allclose(after.mean[0, 2:4], 2 * before.mean[0, 2:4])
    assert before.mean[0, 4] > 0 and after.mean[0, 5] == pytest.approx(2 * before.mean[0, 4])
    np.testing.assert_allclose(after.covariance, 4 * before.covariance)


def pan(frames: int, *, seen: set[int], step_px: float = 14.0) -> list[tuple[Frame, list[Found]]]:
    """A person who stands in a scene that a camera pans over; he is detected in some frames only."""
    canvas, half = texture(11, (HW[0] + 200, 1400)), np.full((HW[0] // 2, HW[1] // 2), 128, np.uint8)
    scene = []
    for seq in range(frames):
        left = round(step_px * seq)
        luma = np.ascontiguousarray(canvas[: HW[0], left : left + HW[1]])
        frame = Frame("cam", seq, seq * 40_000_000, Planes(luma, half, half))
        scene.append((frame, [person(500 - left, 200)] if seq in seen else []))
    return scene


def track_all(scene: list[tuple[Frame, list[Found]]], *, camera_motion: bool = True) -> list[Extraction]:
    tracker = make_tracker(tracking=TrackingConfig(camera_motion=camera_motion))
    return [tracker.update(frame, instances(found)) for frame, found in scene]


def test_who_is_unseen_while_the_camera_turns_away_is_looked_for_where_he_stands() -> None:
    scene = pan(24, seen={0, 1, 2, 22, 23})
    still, moved = (track_all(scene, camera_motion=on) for on in (False, True))
    assert [track.id for track in moved[-1].tracks if track.state == "active"] == [1]
    assert moved[20].tracks[0].box[0] == pytest.approx(500 - 280, abs=15)
    assert 1 not in [track.id for track in still[-1].tracks if track.state != "lost"]


def test_who_is_followed_by_the_camera_keeps_his_id() -> None:
    scene = [(frame, [person(300, 200)] if seq % 2 == 0 else []) for seq, (frame, _) in enumerate(pan(30, seen=set()))]
    assert {track.id for extraction in track_all(scene) for track in extraction.tracks} == {1}


def test_a_successor_sees_the_same_motion() -> None:
    scene = pan(16, seen={0, 1, 2, 3, 9, 13})
    whole, first = make_tracker(), make_tracker()
    expected = [whole.update(frame, instances(found)).tracks for frame, found in scene]
    got = [first.update(frame, instances(found)).tracks for frame, found in scene[:6]]
    second = make_tracker(state=msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=TrackerState))
    got += [second.update(frame, instances(found)).tracks for frame, found in scene[6:]]
    assert str(got) == str(expected)
    assert msgspec.msgpack.encode(second.state) == msgspec.msgpack.encode(whole.state)


def test_a_view_is_kept_only_while_something_is_tracked() -> None:
    scene, tracker = pan(3, seen={1}), make_tracker()
    kept = [tracker.update(frame, instances(found)) and tracker.state.view is not None for frame, found in scene]
    assert kept == [False, True, True]
    unasked = make_tracker(tracking=TrackingConfig(camera_motion=False))
    assert [unasked.update(frame, instances(found)) and unasked.state.view for frame, found in scene] == [None] * 3
