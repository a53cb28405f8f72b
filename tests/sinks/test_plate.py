from pathlib import Path

import cv2
import numpy as np
import pytest

from streamseg.errors import SinkError
from streamseg.geometry import Box
from streamseg.records import Planes
from streamseg.sinks.plate import Plate, Things, rows_due
from streamseg.sinks.plate_file import PlateArrays, PlateFile
from streamseg.sinks.silhouettes import Silhouette, silhouette
from tests.sinks.scenes import make_track, smooth_plane

SIZE_HW = 120, 160
NOBODY = Things((), (), ())
ALL_ROWS = 0, 60
OBJECT = 230


def arrays(size_hw: tuple[int, int] = SIZE_HW) -> PlateArrays:
    half = (size_hw[0] + 1) // 2, (size_hw[1] + 1) // 2
    return PlateArrays(Planes(*(np.zeros(size, np.uint8) for size in (size_hw, half, half))), np.zeros(half, np.uint8))


def scenery(size_hw: tuple[int, int] = SIZE_HW, brighter: int = 0) -> Planes:
    rng = np.random.default_rng(1)
    half = (size_hw[0] + 1) // 2, (size_hw[1] + 1) // 2
    return Planes(smooth_plane(rng, size_hw) + np.uint8(brighter), smooth_plane(rng, half), smooth_plane(rng, half))


def with_object(planes: Planes, box: tuple[int, int, int, int]) -> Planes:
    x0, y0, x1, y1 = box
    luma = planes.y.copy()
    luma[y0:y1, x0:x1] = OBJECT
    return Planes(luma, planes.u.copy(), planes.v.copy())


def area(box: tuple[int, int, int, int], size_hw: tuple[int, int] = SIZE_HW) -> Silhouette:
    as_floats: Box = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
    found = silhouette(make_track(box=as_floats, state="lost", mask=None), size_hw)
    assert found is not None
    return found


def moving(box: tuple[int, int, int, int]) -> Things:
    return Things([area(box)], [area(box)], ())


def staying(box: tuple[int, int, int, int]) -> Things:
    return Things([area(box)], (), [area(box)])


def copied(planes: Planes) -> Planes:
    return Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())


@pytest.mark.parametrize("size_hw", [SIZE_HW, (119, 159)])
def test_once_seen_it_lies_behind_an_object_in_its_own_colours(size_hw: tuple[int, int]) -> None:
    known, empty = arrays(size_hw), scenery(size_hw)
    plate = Plate(known)
    plate.learn(empty, NOBODY, ALL_ROWS)
    box = (60, 30, 90, 90)
    thing = area(box, size_hw)
    picture = copied(with_object(empty, box))
    plate.remove(picture, Things([thing], [thing], ()))
    for name in ("y", "u", "v"):
        assert np.abs(getattr(picture, name).astype(int) - getattr(empty, name)).max() <= 2


def test_what_an_object_covers_is_not_learnt_and_is_taken_when_it_is_first_seen() -> None:
    known, empty = arrays(), scenery()
    plate, wide = Plate(known), (20, 40, 140, 80)
    for _ in range(3):
        plate.learn(with_object(empty, wide), moving(wide), (0, 1))
    assert not known.looks[20:40, 10:70].any()
    for x in range(20, 110, 10):
        box = (x, 40, x + 30, 80)
        plate.learn(with_object(empty, box), moving(box), (0, 1))
    assert np.abs(known.planes.y.astype(int) - empty.y)[:, :90].max() <= 2


def test_what_was_never_seen_is_filled_in_from_around_without_the_objects_own_pixels() -> None:
    known, flat = arrays(), Planes(*(np.full(p.shape, 90, np.uint8) for p in (scenery().y, scenery().u, scenery().v)))
    box = (60, 30, 100, 90)
    plate = Plate(known)
    plate.learn(with_object(flat, box), moving(box), ALL_ROWS)
    picture = copied(with_object(flat, box))
    plate.remove(picture, moving(box))
    assert np.abs(picture.y.astype(int) - 90).max() <= 3
    assert np.abs(known.planes.y.astype(int) - 90).max() <= 3


def test_one_who_has_always_stood_there_belongs_to_the_scene_until_he_moves() -> None:
    known, empty = arrays(), scenery()
    box = (60, 30, 90, 90)
    parked = with_object(empty, box)
    plate = Plate(known)
    for _ in range(3):
        plate.learn(parked, staying(box), ALL_ROWS)
    picture = copied(parked)
    plate.remove(picture, staying(box))
    assert (picture.y[35:85, 65:85] == OBJECT).all()
    assert (known.planes.y[35:85, 65:85] == OBJECT).all()
    plate.learn(parked, moving(box), ALL_ROWS)
    plate.remove(picture, moving(box))
    assert (picture.y[35:85, 65:85] != OBJECT).all()
    plate.learn(empty, NOBODY, ALL_ROWS)
    assert np.abs(known.planes.y.astype(int) - empty.y).max() <= 1


def test_one_that_stands_before_what_is_known_is_removed() -> None:
    known, empty = arrays(), scenery()
    plate = Plate(known)
    plate.learn(empty, NOBODY, ALL_ROWS)
    box = (60, 30, 90, 90)
    picture = with_object(empty, box)
    plate.remove(picture, staying(box))
    assert np.abs(picture.y.astype(int) - empty.y).max() <= 2


def test_what_the_network_overlooks_once_leaves_hardly_a_trace() -> None:
    known, empty = arrays(), scenery()
    plate = Plate(known)
    for _ in range(60):
        plate.learn(empty, NOBODY, ALL_ROWS)
    box = (60, 30, 90, 90)
    for _ in range(5):
        plate.learn(with_object(empty, box), NOBODY, ALL_ROWS)
    assert np.abs(known.planes.y.astype(int) - empty.y).max() <= 6


def test_it_follows_the_light_of_the_day() -> None:
    known = arrays()
    plate = Plate(known)
    for brighter in range(40):
        for _ in range(2):
            plate.learn(scenery(brighter=brighter), NOBODY, ALL_ROWS)
    assert np.abs(known.planes.y.astype(int) - scenery(brighter=39).y).max() <= 3


def test_between_two_looks_the_brightness_is_that_of_the_frame() -> None:
    known, empty = arrays(), scenery()
    plate = Plate(known)
    plate.learn(empty, NOBODY, ALL_ROWS)
    box = (60, 30, 90, 90)
    brighter = scenery(brighter=20)
    picture = with_object(brighter, box)
    plate.remove(picture, moving(box))
    assert np.abs(picture.y.astype(int) - brighter.y).max() <= 2


def test_another_scene_is_strange_and_another_light_is_not() -> None:
    plate, empty = Plate(arrays()), scenery()
    assert not plate.is_strange(empty), "nothing is known"
    plate.learn(empty, NOBODY, ALL_ROWS)
    assert not plate.is_strange(scenery(brighter=40))
    assert plate.is_strange(Planes(cv2.flip(255 - empty.y, -1), empty.u, empty.v))
    plate.forget()
    assert not plate.is_strange(Planes(255 - empty.y, empty.u, empty.v))


def test_all_rows_have_their_turn() -> None:
    seen, row = set[int](), 0
    for _ in range(40):
        first, last = rows_due(row, 135, 40_000_000)
        assert 0 <= first < last <= 135
        seen |= set(range(first, last))
        row = last
    assert seen == set(range(135))
    assert rows_due(135, 135, 0) == (0, 1)
    assert rows_due(0, 135, 10**10) == (0, 135)


def test_a_file_keeps_what_was_settled_while_the_next_frames_are_worked_in(tmp_path: Path) -> None:
    path = tmp_path / "plate"
    file = PlateFile(path, (5, 7))
    assert not file.current().planes.y.any()
    file.next().planes.y[:] = 3
    turn = file.settle()
    file.next().planes.y[:] = 4
    file.next().looks[:] = 9
    before = PlateFile(path, (5, 7), turn)
    assert (before.current().planes.y == 3).all()
    assert (file.current().planes.y == 4).all()
    assert file.settle() != turn
    assert file.settle() == 1 - turn, "nothing new"
    assert (file.next().planes.y == 4).all()
    assert (file.next().looks == 9).all()


def test_a_file_that_is_not_what_it_was_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "plate"
    with pytest.raises(SinkError, match="plate: cannot be written: No such file"):
        PlateFile(path, (4, 4), 0)
    PlateFile(path, (4, 4))
    with pytest.raises(SinkError, match="plate: is not the 224 bytes"):
        PlateFile(path, (8, 8), 1)


def test_a_full_disk_is_an_error_and_no_signal(small_disk: Path) -> None:
    with pytest.raises(SinkError, match="No space left"):
        PlateFile(small_disk / "plate", (1080, 1920))
