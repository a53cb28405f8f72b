import cv2
import numpy as np
import pytest

from streamseg.config import TermWeights
from streamseg.geometry import Box, SoftMask
from streamseg.records import U8, Track
from streamseg.tracking.best_shot import Terms, decided, pixel_terms, plain_terms, shot_score
from streamseg.tracking.completeness import Completeness
from tests.tracking.composites import texture
from tests.tracking.scenes import SIZE_HW, ellipse_mask, rgb_frame

EVEN = TermWeights(sharpness=1)
STREET = np.rint(texture(5, (30, 40, 50), (200, 210, 220), 0.8)).astype(np.uint8)
WIDE = cv2.copyMakeBorder(STREET, 0, SIZE_HW[0] - 192, 0, SIZE_HW[1] - 192, cv2.BORDER_REFLECT)


def track(box: Box = (60.0, 40.0, 140.0, 180.0), *, track_id: int = 1, score: float = 0.8) -> Track:
    return Track(track_id, "person", score, box, "active", ellipse_mask(box), "person")


def terms(rgb: U8, shown: Track, *others: Track) -> Terms:
    complete = Completeness()(shown, [shown, *others], SIZE_HW)
    return {**plain_terms(shown), "completeness": complete, **pixel_terms(rgb_frame(rgb), shown)}


def test_every_term_is_named_and_lies_in_0_to_1() -> None:
    got = terms(WIDE, track())
    assert list(got) == ["confidence", "size", "completeness", "sharpness", "exposure"]
    assert all(0 < value <= 1 for value in got.values())
    assert shot_score(got, EVEN) == pytest.approx(np.prod(list(got.values())))


def test_weights_are_exponents_and_0_leaves_a_term_out() -> None:
    got = {"confidence": 0.5, "size": 0.8, "sharpness": 0.25}
    weights = TermWeights(confidence=2, size=0, sharpness=0.5)
    assert shot_score(got, weights) == pytest.approx(0.5**2 * 0.25**0.5)
    assert shot_score({**got, "exposure": 0.0}, TermWeights(exposure=0)) == shot_score(got, TermWeights())


@pytest.mark.parametrize("sigma", [0.7, 1.5, 3.0])
def test_sharp_beats_blurred(sigma: float) -> None:
    blurred = cv2.GaussianBlur(WIDE, (0, 0), sigma)
    assert terms(WIDE, track())["sharpness"] > 1.05 * terms(blurred, track())["sharpness"]


def test_motion_blur_counts_too() -> None:
    smeared = cv2.blur(WIDE, (9, 1))
    assert shot_score(terms(WIDE, track()), EVEN) > 1.12 * shot_score(terms(smeared, track()), EVEN)


def test_sharpness_does_not_mind_contrast() -> None:
    pale = np.rint(110 + 0.5 * (WIDE.astype(np.float32) - 110)).astype(np.uint8)
    assert terms(pale, track())["sharpness"] == pytest.approx(terms(WIDE, track())["sharpness"], abs=0.08)


def test_only_the_objects_own_pixels_count() -> None:
    inside = ellipse_mask(track().box).on((0, 0, SIZE_HW[1], SIZE_HW[0])) > 0
    other = np.where(inside[:, :, None], WIDE, np.uint8(128))
    assert pixel_terms(rgb_frame(other), track()) == pytest.approx(pixel_terms(rgb_frame(WIDE), track()), abs=0.05)


@pytest.mark.parametrize("level", [0.05, 3.0])
def test_well_exposed_beats_dark_and_burnt_out(level: float) -> None:
    wrong = np.clip(WIDE * level, 0, 255).astype(np.uint8)
    assert terms(wrong, track())["exposure"] < 0.7 * terms(WIDE, track())["exposure"]


def test_big_beats_small_with_diminishing_returns() -> None:
    sizes = [plain_terms(track((10.0, 10.0, 10.0 + s, 10.0 + s)))["size"] for s in (20, 60, 100, 140)]
    gains = np.diff(sizes)
    assert (gains > 0).all() and (np.diff(gains) < 0).all() and sizes[-1] < 1


def test_sure_beats_unsure() -> None:
    sure, unsure = (shot_score(plain_terms(track(score=s)), EVEN) for s in (0.9, 0.5))
    assert sure > unsure


def test_the_greyer_a_mask_is_the_less_it_is_decided() -> None:
    box = track().box
    assert decided(ellipse_mask(box)) == 1
    inside = ellipse_mask(box).alpha > 0
    grades = [decided(SoftMask(np.where(inside, value, 0).astype(np.uint8), box)) for value in (255, 220, 180, 140)]
    assert grades == sorted(grades, reverse=True) and grades[0] == 1 and 0 < grades[-1] < 0.4
    assert all(0 < decided(SoftMask(np.full((4, 4), value, np.uint8), box)) < 0.1 for value in (0, 127, 128))


@pytest.mark.parametrize("side", [0.5, 1.0, 3.0])
def test_the_tiniest_object_has_a_score(side: float) -> None:
    got = terms(WIDE, track((60.0, 40.0, 60.0 + side, 40.0 + side)))
    assert all(0 < value <= 1 for value in got.values())
