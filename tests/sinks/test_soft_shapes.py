import cv2
import numpy as np
import pytest

from streamseg.geometry import SoftMask
from streamseg.sinks.soft_shapes import distances, of_box, of_mask, spread_for
from tests.sinks.scenes import disc_mask

SIZE_HW = (180, 240)


def at(shape: tuple[np.ndarray, tuple[int, int]] | None) -> np.ndarray:
    """The levels of a shape on its frame."""
    assert shape is not None
    level, (x, y) = shape
    frame = np.zeros((SIZE_HW[0] + 200, SIZE_HW[1] + 200), np.uint8)
    frame[100 + y : 100 + y + level.shape[0], 100 + x : 100 + x + level.shape[1]] = level
    return frame[100:-100, 100:-100]


def crossing(levels: np.ndarray) -> float:
    """Where a row of levels that rises passes the middle, in pixels."""
    first = int(np.argmax(levels > 127))
    low, high = float(levels[first - 1]), float(levels[first])
    return first - 0.5 + (127.5 - low) / (high - low)


@pytest.mark.parametrize("spread", [3, 5, 7])
@pytest.mark.parametrize("turn", [0, 20, 45])
def test_a_level_tells_how_far_the_edge_is(spread: int, turn: int) -> None:
    y, x = np.mgrid[:81, :81] - 40.5
    away = x * np.cos(np.radians(turn)) + y * np.sin(np.radians(turn))
    alpha = np.where(away > 0, 255, 0).astype(np.uint8)
    level, (left, top) = of_mask(SoftMask(alpha, (40.0, 40.0, 121.0, 121.0)), SIZE_HW, spread) or pytest.fail()
    inner = slice(60 - top, 101 - top), slice(60 - left, 101 - left)
    told, true = distances(spread)[level[inner]], away[20:61, 20:61]
    near = np.abs(true) < spread / 2 + 1
    assert np.abs(told - true)[near].mean() < 0.4
    assert (level[inner][true > spread + 1] == 255).all()
    assert (level[inner][true < -spread - 1] == 0).all()


@pytest.mark.parametrize("at_x", [60.0, 60.25, 60.5, 61.4, 61.99])
def test_edges_lie_where_the_mask_says_to_a_fraction_of_a_pixel(at_x: float) -> None:
    slope = np.array([[32, 96, 160, 224, 224, 160, 96, 32]], np.uint8).repeat(6, 0)
    levels = at(of_mask(SoftMask(slope, (at_x, 50.0, at_x + 40, 110.0)), SIZE_HW, 5))[80]
    assert crossing(levels) == pytest.approx(at_x + 10, abs=0.2)
    assert SIZE_HW[1] - crossing(levels[::-1]) == pytest.approx(at_x + 30, abs=0.2)


@pytest.mark.parametrize("at_x", [60.0, 60.25, 60.5, 61.4, 61.99])
def test_a_hard_edge_lies_within_a_tenth_of_a_cell(at_x: float) -> None:
    mask = SoftMask(np.full((12, 8), 255, np.uint8), (at_x, 50.0, at_x + 40, 110.0))
    levels = at(of_mask(mask, SIZE_HW, 5))[80]
    assert crossing(levels) == pytest.approx(at_x, abs=0.6)
    assert SIZE_HW[1] - crossing(levels[::-1]) == pytest.approx(at_x + 40, abs=0.6)


def test_a_mask_that_moves_little_by_little_is_drawn_so() -> None:
    ramp = np.linspace(0, 255, 12).astype(np.uint8)[None].repeat(12, 0)
    places = np.arange(60, 64, 0.25)
    edges = [crossing(at(of_mask(SoftMask(ramp, (x, 50.0, x + 70, 110.0)), SIZE_HW, 5))[80]) - x for x in places]
    assert np.ptp(edges) < 0.4


def test_specks_are_left_out_and_pinholes_filled() -> None:
    alpha = np.zeros((60, 60), np.uint8)
    cv2.rectangle(alpha, (10, 10), (40, 40), 255, -1)
    alpha[50:52, 50:52] = 255
    alpha[20:22, 20:22] = 0
    alpha[28:38, 28:38] = 0
    frame = at(of_mask(SoftMask(alpha, (40.0, 40.0, 160.0, 160.0)), SIZE_HW, 3))
    assert not frame[130:, 130:].any()
    assert (frame[76:92, 76:92] == 255).all()
    assert not frame[102:110, 102:110].any()


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_where_the_frame_ends_an_object_goes_on(side: str) -> None:
    height, width = SIZE_HW
    box = {
        "left": (0.0, 60.0, 40.0, 120.0),
        "right": (width - 40.0, 60.0, float(width), 120.0),
        "top": (60.0, 0.0, 120.0, 40.0),
        "bottom": (60.0, height - 40.0, 120.0, float(height)),
    }[side]
    frame = at(of_mask(SoftMask(np.full((8, 8), 255, np.uint8), box), SIZE_HW, 5))
    edge = {"left": frame[90, :2], "right": frame[90, -2:], "top": frame[:2, 90], "bottom": frame[-2:, 90]}[side]
    assert (edge == 255).all()
    inner = frame[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])]
    assert inner.mean() > 220
    assert 0 < (frame == 0).mean() < 0.95


@pytest.mark.parametrize(
    "mask",
    [
        SoftMask(np.zeros((4, 4), np.uint8), (10.0, 10.0, 40.0, 40.0)),
        SoftMask(np.zeros((0, 0), np.uint8), (10.0, 10.0, 40.0, 40.0)),
        SoftMask(np.full((4, 4), 255, np.uint8), (10.0, 10.0, 10.0, 40.0)),
        SoftMask(np.full((4, 4), 255, np.uint8), (10.0, 10.0, 40.0, 10.0 + 1e-9)),
    ],
)
def test_masks_of_nothing_have_no_shape(mask: SoftMask) -> None:
    assert of_mask(mask, SIZE_HW, 5) is None


def test_a_box_is_inside_to_its_sides_and_loses_its_corners() -> None:
    frame = at(of_box((60.5, 50.0, 120.0, 100.25), SIZE_HW, 5))
    assert crossing(frame[75]) == pytest.approx(60.5, abs=0.3)
    assert crossing(frame[:, 90]) == pytest.approx(50, abs=0.3)
    assert frame[50, 60] < 100
    assert frame[75, 90] == 255


def test_a_box_larger_than_the_frame_takes_no_more_memory_than_that() -> None:
    level, _ = of_box((-1e9, 20.0, 1e9, 1e9), SIZE_HW, 5)
    assert max(level.shape) < 300
    assert crossing(at((level, of_box((-1e9, 20.0, 1e9, 1e9), SIZE_HW, 5)[1]))[:, 0]) == pytest.approx(20, abs=0.3)


def test_it_is_the_same_wherever_it_begins_in_the_frame() -> None:
    levels = [of_mask(disc_mask((x, y, x + 50, y + 60)), SIZE_HW, 5) for x, y in ((60.0, 60.0), (90.0, 84.0))]
    assert levels[0] is not None
    assert levels[1] is not None
    np.testing.assert_array_equal(levels[0][0], levels[1][0])
    for _, (left, top) in levels:  # type: ignore[misc]
        assert left % 2 == top % 2 == 0


@pytest.mark.parametrize("reach_px", [0.5, 2.5, 3.0, 3.2, 5.5])
def test_levels_spread_as_far_as_asked_for(reach_px: float) -> None:
    spread = spread_for(reach_px)
    assert spread % 2
    told = distances(spread)
    assert (np.diff(told) > 0).all()
    assert told[-1] == -told[0] == spread >= reach_px
