import numpy as np
import pytest
from av import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from streamseg.pixels import crop_rgb, frame_rgb, planes_from_rgb, rgb_value_to_yuv, upsample_chroma
from streamseg.records import Color, Frame, Planes


def random_frame(height, width, color, seed=0):
    rng = np.random.default_rng(seed)
    half = ((height + 1) // 2, (width + 1) // 2)
    planes = Planes(*(rng.integers(16, 235, size, dtype=np.uint8) for size in ((height, width), half, half)))
    return Frame("test", 0, 0, planes, color)


@given(st.data())
def test_a_crop_is_the_same_part_of_the_whole(data):
    height, width = data.draw(st.integers(2, 41)), data.draw(st.integers(2, 41))
    site = data.draw(st.sampled_from(["left", "center"]))
    frame = random_frame(height, width, Color(chroma_site=site))
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    assert np.array_equal(crop_rgb(frame, (x0, y0, x1, y1)), frame_rgb(frame)[y0:y1, x0:x1])


@given(st.data())
def test_chroma_is_linear_between_its_sites_and_rounded_once(data):
    size_hw = data.draw(st.integers(1, 21)), data.draw(st.integers(1, 21))
    site = data.draw(st.sampled_from(["left", "center"]))
    plane = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, [-(-n // 2) for n in size_hw])
    plane = plane.astype(np.uint8)
    rows, columns = np.arange(size_hw[0]) / 2 - 0.25, np.arange(size_hw[1]) / 2 - (0.25 if site == "center" else 0)
    along = np.array([np.interp(columns, np.arange(plane.shape[1]), row) for row in plane])
    exact = np.array([np.interp(rows, np.arange(plane.shape[0]), column) for column in along.T]).T
    found = upsample_chroma(plane, size_hw, Color(chroma_site=site))
    assert np.array_equal(found, np.floor(exact + 0.5))


@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("rgb", [(0, 0, 0), (255, 255, 255), (200, 30, 60), (10, 180, 40), (20, 40, 220)])
def test_flat_colours_survive_the_way_there_and_back(matrix, full_range, rgb):
    color = Color(matrix, full_range, "center")
    picture = np.full((6, 8, 3), rgb, np.uint8)
    planes = planes_from_rgb(picture, color)
    found = int(planes.y[0, 0]), int(planes.u[0, 0]), int(planes.v[0, 0])
    assert found == pytest.approx(rgb_value_to_yuv(rgb, color), abs=1)
    # half a step of luma (1.16) and of blue chroma (2.11), of what was itself rounded
    assert np.abs(frame_rgb(Frame("t", 0, 0, planes, color)).astype(int) - rgb).max() <= 3


@pytest.mark.parametrize(("matrix", "colorspace"), [("bt601", 5), ("bt709", 1)])
def test_agrees_with_ffmpeg_on_smooth_pictures(matrix, colorspace):
    ramp = np.linspace(30, 220, 64).astype(np.uint8)
    y = np.broadcast_to(ramp, (48, 64)).copy()
    u = np.broadcast_to(np.linspace(100, 160, 32).astype(np.uint8), (24, 32)).copy()
    v = np.full((24, 32), 140, np.uint8)
    theirs = VideoFrame.from_ndarray(np.concatenate([y.ravel(), u.ravel(), v.ravel()]).reshape(72, 64), "yuv420p")
    theirs = theirs.reformat(format="rgb24", src_colorspace=colorspace, src_color_range=1).to_ndarray()
    ours = frame_rgb(Frame("t", 0, 0, Planes(y, u, v), Color(matrix)))
    assert np.abs(ours.astype(int) - theirs).max() <= 4


def test_odd_sizes_have_rounded_up_chroma():
    planes = planes_from_rgb(np.full((5, 7, 3), 90, np.uint8), Color(chroma_site="center"))
    assert planes.y.shape == (5, 7) and planes.u.shape == planes.v.shape == (3, 4)
