"""A clip in a real browser: it plays to its end, its background is transparent, its colours are the object's."""

from pathlib import Path

import numpy as np

from tests.sinks.browser import play
from tests.sinks.clip_scenes import RED, record, scene, shown, written

PAGE = (30, 60, 220)


def test_a_page_shows_through_a_clip(tmp_path: Path) -> None:
    folder = written(tmp_path, [scene(seq, (50 + 1.5 * seq, 60)) for seq in range(25)])
    seen = play(folder / "1-person.webm", PAGE)
    assert (seen.duration, seen.pictures) == (record(folder)["duration"], 25)
    last = shown(folder / "1-person.webm")[-1].rgba
    alpha = last[:, :, 3]
    height, width = alpha.shape
    assert alpha.shape == seen.clear.shape[:2]
    np.testing.assert_array_equal(seen.clear[:, :, 3], alpha)
    solid, nothing = alpha == 255, alpha == 0
    assert solid.sum() > 900 and nothing.sum() > 600
    for picture in (seen.covered, seen.screen[:height, :width]):
        np.testing.assert_array_equal(picture[:, :, :3][nothing], np.broadcast_to(PAGE, (nothing.sum(), 3)))
        assert np.abs(picture[:, :, :3][solid].mean(axis=0) - RED).max() < 4
        share = alpha[:, :, None] / 255
        meant = last[:, :, :3] * share + np.array(PAGE) * (1 - share)
        off = np.abs(picture[:, :, :3] - meant)
        assert off.mean() < 2 and np.percentile(off[~solid & ~nothing], 95) < 20, "a soft edge is a mixture of both"
