"""What spoils pictures: the same every time, more at every strength."""

from itertools import pairwise

import numpy as np
import pytest

from streamseg.evaluation.corruptions import CORRUPTIONS, STRENGTHS, UNSEEN, corrupt
from streamseg.evaluation.robustness import stress
from streamseg.evaluation.stills import score
from streamseg.training.dataset import load_dataset
from tests.evaluation.colours import ColourNetwork
from tests.training.stills import write_zip


@pytest.fixture(scope="module")
def scene():
    """Odd sides, and the spectrum of photographs: contrast falls with frequency."""
    rng = np.random.default_rng(3)
    y, x = np.meshgrid(np.fft.fftfreq(121), np.fft.fftfreq(163), indexing="ij")
    falling = 1 / np.maximum(np.hypot(y, x), 1 / 163)
    channels = np.fft.ifft2(np.fft.fft2(rng.standard_normal((3, 121, 163))) * falling).real
    common = 0.8 * channels[:1] + 0.2 * channels
    return np.clip(115 + 45 * common / common.std(), 0, 255).astype(np.uint8).transpose(1, 2, 0)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_each_strength_spoils_more(kind, scene):
    least = 0.98 if kind == "snow" else 1  # as published, strengths 2 and 3 of snow are about alike
    differences = []
    for strength in STRENGTHS:
        spoilt = [corrupt(scene, kind, strength, picture) for picture in range(6)]
        assert all(each.shape == scene.shape and each.dtype == np.uint8 for each in spoilt)
        differences.append(np.mean([np.abs(each.astype(int) - scene).mean() for each in spoilt]))
    assert differences[0] > 1
    assert all(after > least * before for before, after in pairwise(differences)), differences


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_picture_is_spoilt_the_same_way_every_time(kind, scene):
    untouched = scene.copy()
    assert np.array_equal(corrupt(scene, kind, 3, 8), corrupt(scene, kind, 3, 8))
    assert np.array_equal(scene, untouched)


@pytest.mark.parametrize("kind", ["gaussian_noise", "shot_noise", "impulse_noise", "motion_blur", "fog", "snow"])
def test_chance_differs_between_pictures(kind, scene):
    assert not np.array_equal(corrupt(scene, kind, 3, 8), corrupt(scene, kind, 3, 9))


@pytest.mark.parametrize("kind", ["defocus_blur", "motion_blur"])
def test_blur_leaves_things_where_they_are(kind):
    dot = np.zeros((101, 101, 3), np.uint8)
    dot[46:55, 46:55] = 255
    blurred = corrupt(dot, kind, 5, 1)[..., 0].astype(float)
    centre = [(blurred.sum(axis=1 - axis) @ np.arange(101)) / blurred.sum() for axis in (0, 1)]
    assert centre == pytest.approx([50, 50], abs=0.6)


def test_accuracy_under_corruption(tmp_path):
    write_zip(tmp_path / "blobs.zip")
    network, steps = ColourNetwork(), []
    result = score(network, load_dataset(tmp_path / "blobs.zip", network.labels))
    robustness = stress(network, result, ["impulse_noise", "jpeg"], [1, 5], lambda: steps.append(1))
    assert len(steps) == 6 * 2 * 2
    assert robustness.clean.ap50 == 1
    assert robustness.spoilt["impulse_noise"][5].ap50 < robustness.spoilt["impulse_noise"][1].ap50
    assert robustness.unseen == ["impulse_noise"] and set(UNSEEN) < set(CORRUPTIONS)
    row = robustness.as_json()
    strengths = row["kinds"]["jpeg"]["strengths"]
    assert row["kinds"]["jpeg"]["mean"]["mask_ap"] == pytest.approx(
        np.mean([strengths[key]["mask_ap"] for key in ("1", "5")]), abs=1e-4
    )
    assert row["mean_unseen"] == row["kinds"]["impulse_noise"]["mean"]
    assert strengths["1"]["share_ap50"] == strengths["1"]["mask_ap50"]
