import numpy as np
import pytest

from streamseg.errors import ConfigError
from streamseg.pixels import planes_from_rgb
from streamseg.preprocess import FitView
from streamseg.preprocess.fit_view import GREY
from streamseg.records import Color, Frame


def frame_of(rgb):
    color = Color("bt709", False, "center")
    return Frame("t", 0, 0, planes_from_rgb(rgb, color), color)


def test_a_bright_spot_is_found_again_through_the_inverse():
    rgb = np.full((450, 810, 3), 40, np.uint8)
    rgb[200:230, 600:640] = 240
    sample = FitView((384, 640))(frame_of(rgb))
    ys, xs = np.nonzero(sample.view.min(-1) > 140)
    centre = sample.fit.undo([xs.mean() + 0.5, ys.mean() + 0.5])
    assert np.allclose(centre, [620, 215], atol=1.0)


def test_outside_the_picture_is_grey():
    view = FitView((384, 640))(frame_of(np.full((90, 160, 3), 255, np.uint8))).view
    assert np.all(view[:12] == GREY) and np.all(view[-12:] == GREY) and view[192, 320].min() > 250


def test_colours_keep_their_channels():
    view = FitView((64, 64))(frame_of(np.full((100, 100, 3), (200, 60, 20), np.uint8))).view
    assert np.abs(view[32, 32].astype(int) - (200, 60, 20)).max() <= 3


def test_region_alone_is_seen():
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[20:60, 100:180] = 250
    sample = FitView((64, 128), region=(100, 20, 80, 40))(frame_of(rgb))
    assert sample.view.min() > 200
    assert sample.fit.undo([0.0, 0.0]).tolist() == [100.0, 20.0]


@pytest.mark.parametrize(("enlarge", "content_hw"), [(1.0, (36, 64)), (1.25, (45, 80)), (9.0, (72, 128))])
def test_a_small_frame_grows_only_so_far(enlarge, content_hw):
    frame = frame_of(np.full((36, 64, 3), 250, np.uint8))
    sample = FitView((96, 128), enlarge=enlarge)(frame)
    assert sample.fit.content_hw == content_hw
    assert np.count_nonzero(sample.view.min(-1) > 200) == content_hw[0] * content_hw[1]
    assert np.allclose(sample.fit.undo(sample.fit.apply([64, 36])), [64, 36], atol=0.01)


def test_a_region_fills_the_view_and_a_large_frame_too():
    frame = frame_of(np.full((100, 200, 3), 250, np.uint8))
    assert FitView((64, 128), region=(0, 0, 32, 16), enlarge=1.0)(frame).fit.content_hw == (64, 128)
    assert FitView((64, 64), enlarge=1.0)(frame).fit.content_hw == (32, 64)


@pytest.mark.parametrize("region", [(200, 0, 50, 50), (0, 100, 50, 50), (0, 0, 1, 50)])
def test_region_outside_is_refused(region):
    with pytest.raises(ConfigError, match=r"outside the frame of 200 x 100"):
        FitView((64, 64), region)(frame_of(np.zeros((100, 200, 3), np.uint8)))
