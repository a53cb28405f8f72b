import numpy as np
import pytest

from streamseg.pixels import frame_rgb
from streamseg.records import Color, Frame, Planes, Track
from streamseg.sinks.canvas import Canvas
from streamseg.sinks.names import draw_names
from streamseg.sinks.palette import class_rgb
from streamseg.sinks.style import Style
from tests.sinks.scenes import make_track

SIZE_HW = (360, 480)
BOX = (200.0, 150.0, 280.0, 330.0)


def named(*tracks: Track, height_px: int = 720) -> np.ndarray:
    """A grey picture with plates on it: uint8 [360, 480, 3] RGB."""
    height, width = SIZE_HW
    planes = Planes(*(np.full(side, 128, np.uint8) for side in ((height, width), *2 * [(height // 2, width // 2)])))
    draw_names(Canvas(planes, Color()), list(tracks), Style.of(height_px), SIZE_HW)
    return frame_rgb(Frame("street", 0, 0, planes, Color()))


def plate_of(picture: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that are not grey any more."""
    rows, columns = np.nonzero(np.abs(picture.astype(int) - picture[-1, 0]).max(axis=2) > 8)
    return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)


@pytest.mark.parametrize("label", ["person", "vehicle", "animal"])
def test_a_plate_begins_with_the_colour_of_the_class(label: str) -> None:
    picture = named(make_track(box=BOX, label=label))
    rows, columns = plate_of(picture)
    middle = (rows.start + rows.stop) // 2
    assert np.abs(picture[middle, columns.start + 1].astype(int) - class_rgb(label)).max() < 25
    assert picture[rows, columns].max(axis=2).max() > 225, "letters"
    assert picture[middle, columns.stop - 3].max() < 90, "ink"


def test_its_corners_are_round_and_its_halves_fit() -> None:
    picture = named(make_track(box=BOX))
    rows, columns = plate_of(picture)
    plate = picture[rows, columns].max(axis=2)
    assert plate[len(plate) // 2, -1] < 90
    for row, column in ((0, -1), (-1, -1)):
        assert plate[row, column] > 105, "the picture shows"
    assert plate[2, 12:-12].max() < 60, "no seam"


def test_it_says_how_sure_that_is_more_quietly() -> None:
    picture = named(make_track(box=BOX))
    rows, columns = plate_of(picture)
    letters = picture[rows, columns].max(axis=2)[:, 12:]
    name, number = letters[:, : letters.shape[1] // 2], letters[:, -20:]
    assert name.max() > 230
    assert 150 < number.max() < 200


def test_small_objects_get_their_number_only() -> None:
    long, short = (plate_of(named(make_track(box=box)))[1] for box in (BOX, (200.0, 150.0, 230.0, 150.0 + 8 * 12 - 1)))
    assert short.stop - short.start < 0.4 * (long.stop - long.start)


@pytest.mark.parametrize("at", [(-30.0, -40.0), (470.0, 350.0), (-30.0, 340.0), (460.0, -30.0)])
def test_plates_of_objects_at_the_border_lie_in_the_picture(at: tuple[float, float]) -> None:
    box = (at[0], at[1], at[0] + 60, at[1] + 120)
    picture = named(make_track(box=box))
    rows, columns = plate_of(picture)
    whole_rows, whole_columns = plate_of(named(make_track(box=BOX)))
    assert columns.stop - columns.start == pytest.approx(whole_columns.stop - whole_columns.start, abs=2)
    assert rows.stop - rows.start == pytest.approx(whole_rows.stop - whole_rows.start, abs=2)
