import numpy as np
import pytest

from streamseg.config import ZoneConfig
from streamseg.geometry import Box, SoftMask
from streamseg.records import Track
from streamseg.tracking.completeness import Completeness
from tests.tracking.scenes import SIZE_HW, ellipse_mask

ME: Box = (60.0, 40.0, 140.0, 180.0)


def track(box: Box = ME, *, track_id: int = 1, mask: SoftMask | None = None, label: str = "person") -> Track:
    return Track(track_id, label, 0.8, box, "active", mask or ellipse_mask(box), label)


def zone(kind: str, *corners: tuple[float, float]) -> ZoneConfig:
    return ZoneConfig(name="z", kind=kind, polygon=list(corners))


def right_of(x: float) -> tuple[tuple[float, float], ...]:
    return (x, 0.0), (320.0, 0.0), (320.0, 240.0), (x, 240.0)


def test_whole_beats_cut_by_the_border_and_a_corner_is_worst() -> None:
    boxes = ME, (0.0, 40.0, 80.0, 180.0), (0.0, 100.0, 80.0, 240.0)
    scores = [Completeness()(track(box), [], SIZE_HW) for box in boxes]
    assert scores[0] == 1 and scores[0] > 2 * scores[1] > 3 * scores[2] > 0


@pytest.mark.parametrize("border", range(4))
def test_each_border_cuts_and_the_nearer_it_is_the_more_surely(border: int) -> None:
    """A mask of what is cut off may end a few pixels before the border."""
    height, width = SIZE_HW

    def at(gap: float) -> Box:
        x, y = [(gap, 60.0), (60.0, gap), (width - 100 - gap, 60.0), (60.0, height - 100 - gap)][border]
        return x, y, x + 100, y + 100

    scores = [Completeness()(track(at(gap)), [], SIZE_HW) for gap in (0, 4, 6, 8, 30)]
    assert scores == sorted(scores) and scores[0] == scores[1] < 0.5 < scores[3] < scores[4] == 1


@pytest.mark.parametrize("gap", [0, 3])
def test_of_what_a_border_cuts_the_more_is_left_the_further_it_reaches_into_the_picture(gap: int) -> None:
    height, width = SIZE_HW
    cars: list[Box] = [(float(gap), 60.0, float(x), 140.0) for x in (20, 60, 150)]
    legs: list[Box] = [(100.0, float(y), 140.0, float(height - gap)) for y in (220, 180, 120)]
    for boxes in (cars, legs):
        turned: list[Box] = [(width - x1, height - y1, width - x0, height - y0) for x0, y0, x1, y1 in boxes]
        for ones in (boxes, turned):
            scores = [Completeness()(track(box), [], SIZE_HW) for box in ones]
            assert scores[0] < 0.75 * scores[1] < 0.65 * scores[2] < 0.5


def test_one_in_front_hides_one_behind_does_not() -> None:
    me = track()
    front = track((80.0, 90.0, 160.0, 220.0), track_id=2)
    behind = track((80.0, 20.0, 160.0, 150.0), track_id=3, label="vehicle")
    far = track((200.0, 90.0, 260.0, 220.0), track_id=4)
    lost = Track(5, "person", 0.8, front.box, "lost")
    assert Completeness()(me, [me, front], SIZE_HW) < 0.8
    assert Completeness()(me, [me, behind, far, lost], SIZE_HW) == 1
    assert Completeness()(behind, [me, behind], SIZE_HW) < 0.8


def test_a_mask_that_another_of_its_kind_has_too_is_in_doubt() -> None:
    """Two tracks of one object, or a mask in which two run together; a rider and the bicycle are no such thing."""
    me = track()
    higher: list[Box] = [(60.0 + by, 30.0, 140.0 + by, 170.0) for by in (0, 20, 40, 75)]
    doubles = [Completeness()(me, [me, track(box, track_id=2)], SIZE_HW) for box in higher]
    assert doubles == sorted(doubles) and 0 < doubles[0] < 0.6 and doubles[-1] > 0.95
    assert all(Completeness()(me, [me, track(box, track_id=2, label="vehicle")], SIZE_HW) == 1 for box in higher)


def test_masks_decide_not_boxes() -> None:
    """One who walks before the lower right of my box, where I am not."""
    me = track()
    corner = np.zeros((16, 16), np.uint8)
    corner[12:, 12:] = 255
    beside = track((60.0, 60.0, 160.0, 230.0), track_id=2, mask=SoftMask(corner, (60.0, 60.0, 160.0, 230.0)))
    assert beside.box[0] < ME[2] and Completeness()(me, [me, beside], SIZE_HW) == 1


def test_the_more_is_hidden_the_less_is_left() -> None:
    me = track()
    fronts = [track((100.0 - by, 60.0, 180.0 - by, 220.0), track_id=2) for by in (-40, 0, 20, 40)]
    scores = [Completeness()(me, [me, front], SIZE_HW) for front in fronts]
    assert scores == sorted(scores, reverse=True) and scores[-1] < scores[0] and min(scores) > 0


@pytest.mark.parametrize("kind", ["exclude", "privacy", "include"])
def test_a_zone_that_the_network_cannot_see_cuts_off_as_the_border_does(kind: str) -> None:
    half = np.zeros((16, 16), np.uint8)
    half[:, :8] = 255
    cut_off = track(mask=SoftMask(half, ME))
    corners = right_of(100) if kind != "include" else ((0.0, 0.0), (100.0, 0.0), (100.0, 240.0), (0.0, 240.0))
    judge = Completeness([zone(kind, *corners)])
    assert judge(cut_off, [cut_off], SIZE_HW) < 0.5
    assert judge(track((20.0, 40.0, 75.0, 180.0)), [], SIZE_HW) == 1


def test_zones_that_are_only_watched_cut_nothing() -> None:
    assert Completeness([zone("watch", *right_of(100))])(track(), [], SIZE_HW) == 1
