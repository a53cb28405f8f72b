"""The synthetic street: the same for the same seed and index, with truth that fits the picture."""

import json
import zipfile
from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from streamseg.capture.street import Actor, Shot, Street, raster
from streamseg.capture.street.figures import figure
from streamseg.capture.street.layout import make_layout
from streamseg.capture.street.light import jitter
from streamseg.capture.street.order import far_to_near, nearer
from streamseg.capture.street.routes import Route
from streamseg.capture.street.scene import Being, Scene
from streamseg.errors import DataError
from streamseg.geometry import rle_decode
from streamseg.records import Track
from streamseg.testing import Truth, score_against_truth, street_truth
from streamseg.training.street_data import Look, write_street_zip

SIZE = (180, 320)


@pytest.fixture(scope="module")
def street() -> Street:
    return Street(seed=3, size_hw=SIZE)


@pytest.fixture(scope="module")
def shot(street: Street) -> Shot:
    return street.render(100)


def full(actor: Actor, size_hw: tuple[int, int]) -> np.ndarray:
    """An actor's alpha on a canvas of the frame's size."""
    canvas = np.zeros(size_hw, np.uint8)
    (x, y), (h, w) = actor.offset, actor.alpha.shape
    canvas[y : y + h, x : x + w] = actor.alpha
    return canvas


def test_a_frame_does_not_depend_on_what_was_rendered_before(street: Street) -> None:
    late = street.render(57)
    fresh = Street(seed=3, size_hw=SIZE).render(57)
    assert np.array_equal(late.rgb, fresh.rgb)
    assert [a.id for a in late.actors] == [a.id for a in fresh.actors]
    for a, b in zip(late.actors, fresh.actors, strict=True):
        assert np.array_equal(a.alpha, b.alpha)
        assert a.offset == b.offset


def test_seeds_give_different_streets(shot: Shot) -> None:
    other = Street(seed=4, size_hw=SIZE).render(100)
    assert np.mean(np.abs(other.rgb.astype(int) - shot.rgb.astype(int))) > 8


def test_visible_alphas_share_out_the_pixels(street: Street) -> None:
    for index in (0, 100, 333):
        shot = street.render(index)
        assert shot.rgb.shape == (*SIZE, 3)
        assert shot.rgb.dtype == np.uint8
        total = sum(full(a, SIZE).astype(int) for a in shot.actors)
        assert np.max(total) <= 255 + len(shot.actors)


def test_boxes_bound_the_alpha_and_shares_are_shares(shot: Shot) -> None:
    assert len(shot.actors) >= 5
    for actor in shot.actors:
        mask = full(actor, SIZE) >= 128
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert actor.box == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        assert 0 < actor.visible <= 1
        assert actor.label in ("person", "vehicle", "animal")


def test_what_hides_an_actor_lowers_its_visible_share(street: Street) -> None:
    shares = [a.visible for i in range(0, 600, 40) for a in street.render(i).actors]
    assert min(shares) < 0.7
    assert np.median(shares) > 0.9


def test_the_share_within_the_frame_is_that_of_a_picture_with_room_around_it(street: Street) -> None:
    camera, light, room = street._plan.camera, street._plan.light, 400
    size_hw = camera.size_hw[0] + 2 * room, camera.size_hw[1] + 2 * room
    wide = replace(camera, size_hw=size_hw, horizon_px=camera.horizon_px + room)
    shares = []
    for time_s in (2.0, 9.0, 14.0):
        for being in street._scene.at(time_s):
            solid = figure(being, 0, 60.0, lamps=False)
            whole = raster.draw(solid, wide, light) if raster.draw(solid, camera, light) else None
            if whole is not None:
                seen = np.zeros(size_hw)
                (x, y), (h, w) = whole.offset, whole.alpha.shape
                seen[y : y + h, x : x + w] = whole.alpha
                shares.append(
                    (
                        raster.within(solid, camera, 4),
                        seen[room + 4 : -room - 4, room + 4 : -room - 4].sum() / seen.sum(),
                    )
                )
    told, drawn = np.array(shares).T
    assert (drawn < 0.9).sum() >= 5 and (drawn == 1).sum() >= 5
    np.testing.assert_allclose(told, drawn, atol=0.03)


def test_actors_stand_where_their_truth_says(street: Street) -> None:
    """Against the same picture without actors, what differs strongly lies within the alphas and shadows, not beside."""
    shot = street.render(100)
    street_without = Street(seed=3, size_hw=SIZE)
    street_without._scene = _Nobody()
    empty = street_without.render(100)
    assert empty.actors == ()
    change = np.abs(shot.rgb.astype(int) - empty.rgb.astype(int)).max(-1)
    solid = np.zeros(SIZE, bool)
    for actor in shot.actors:
        solid |= full(actor, SIZE) >= 250
    brighter = (shot.rgb.astype(int) - empty.rgb.astype(int)).max(-1) > 40
    touched = cv2.dilate(sum(full(a, SIZE) for a in shot.actors), np.ones((3, 3), np.uint8)) > 0
    assert (change[solid] > 6).mean() > 0.8
    assert brighter[~touched].mean() < 0.002


def test_shades_say_how_much_darker_the_ground_is(street: Street) -> None:
    shot, shades = street.render(100), street.shades(100)
    street_without = Street(seed=3, size_hw=SIZE)
    street_without._scene = _Nobody()
    empty = street_without.render(100)
    assert street_without.shades(100) == ()
    solid = cv2.dilate(sum(full(a, SIZE) for a in shot.actors), np.ones((3, 3), np.uint8)) > 0
    light = np.ones(SIZE)
    for shade in shades:
        (x, y), (h, w) = shade.offset, shade.dark.shape
        light[y : y + h, x : x + w] *= 1 - shade.dark / 255
    shadow = (light < 0.8) & ~solid
    assert shadow.sum() > 100
    left = shot.rgb.astype(float).min(-1) / empty.rgb.min(-1).clip(1)
    np.testing.assert_allclose(np.median(left[shadow]), np.median(light[shadow]), atol=0.1)
    assert np.median(left[~solid & (light == 1)]) > 0.97
    assert {a.id for a in shot.actors} & {shade.id for shade in shades}


class _Nobody:
    def at(self, time_s: float) -> tuple[Being, ...]:
        return ()


def test_truth_moves_with_the_cameras_jitter() -> None:
    """Something that stands still in the street moves in the frame exactly as the jitter does."""
    street = Street(seed=3, size_hw=(360, 640))
    being = Being(8, "bicycle", 1, *_ahead(street, 11.0), 0.0, 0.0, "ride")
    street._scene = _Only(being)
    centres, shifts = [], []
    for index in (0, 7, 19, 31, 44):
        actor = street.render(index).actors[0]
        y, x = np.mgrid[: actor.alpha.shape[0], : actor.alpha.shape[1]]
        mass = actor.alpha.astype(float)
        centres.append(
            ((x * mass).sum() / mass.sum() + actor.offset[0], (y * mass).sum() / mass.sum() + actor.offset[1])
        )
        shifts.append(jitter(3, index / 25, 0.5))
    moved, expected = np.diff(centres, axis=0), np.diff(shifts, axis=0)
    assert np.abs(expected).max() > 0.15
    assert moved == pytest.approx(expected, abs=0.06)


def _ahead(street: Street, metres: float) -> tuple[float, float]:
    yaw = make_layout(street.seed, street.size_hw).camera.yaw
    return metres * np.sin(yaw), metres * np.cos(yaw)


class _Only:
    def __init__(self, being: Being) -> None:
        self.being = being

    def at(self, time_s: float) -> tuple[Being, ...]:
        return (self.being,)


def test_ids_are_unique_and_stay_with_what_moves_smoothly() -> None:
    scene = Scene(make_layout(5, (720, 1280)))
    frames = [{b.id: b for b in scene.at(i / 25)} for i in range(1500)]
    assert all(len(frame) == len(scene.at(i / 25)) for i, frame in enumerate(frames[:50]))
    for before, after in pairwise(frames):
        for key in before.keys() & after.keys():
            a, b = before[key], after[key]
            assert a.kind == b.kind
            assert a.seed == b.seed
            assert np.hypot(a.s - b.s, a.t - b.t) < 0.6  # nobody is faster than 15 m/s


def test_some_leave_and_new_ones_come() -> None:
    scene = Scene(make_layout(5, (720, 1280)))
    first, later = ({b.id for b in scene.at(t)} for t in (0.0, 60.0))
    assert later - first
    assert first - later


def test_the_traffic_stops_while_people_cross() -> None:
    plan = make_layout(8, (720, 1280))
    scene = Scene(plan)
    for time_s in np.arange(0, 120, 0.2):
        beings = scene.at(float(time_s))
        on_zebra = [b for b in beings if b.kind == "person" and plan.near + 0.3 < b.t < plan.far - plan.bay_m - 0.3]
        cars = [b for b in beings if b.kind == "vehicle"]
        for walker in on_zebra:
            assert not any(abs(walker.s - c.s) < c.half_s and abs(walker.t - c.t) < c.half_t for c in cars)


@pytest.mark.parametrize("seed", [1, 2, 5, 9])
def test_a_street_is_populated_from_the_start(seed: int) -> None:
    street = Street(seed=seed, size_hw=SIZE)
    for index in (0, 250, 1000):
        seen = [a for a in street.render(index).actors if a.visible > 0.3]
        assert len(seen) >= 3


@pytest.mark.parametrize("size_hw", [(64, 64), (64, 200), (101, 77), (240, 64)])
def test_small_and_odd_sizes(size_hw: tuple[int, int]) -> None:
    assert Street(seed=2, size_hw=size_hw).render(3).rgb.shape == (*size_hw, 3)


def test_people_swing_their_legs(street: Street) -> None:
    """A walker's silhouette changes its width at the feet within half a stride."""
    widths: dict[int, set[int]] = {}
    for index in range(0, 30, 3):
        for actor in street.render(index).actors:
            if actor.label == "person" and actor.visible > 0.95 and actor.box[3] - actor.box[1] > 25:
                feet = (actor.alpha >= 128)[: int(actor.box[3]) - actor.offset[1]][-6:].any(0)
                widths.setdefault(actor.id, set()).add(int(feet.sum()))
    assert any(max(w) - min(w) >= 3 for w in widths.values())


@given(st.floats(-50, 50), st.floats(6, 20), st.floats(-50, 50), st.floats(6, 20))
def test_of_two_things_apart_one_is_nearer(s0: float, t0: float, s1: float, t1: float) -> None:
    a, b = (Being(i, "person", 0, s, t, 0, 0) for i, (s, t) in enumerate([(s0, t0), (s1, t1)]))
    if abs(s0 - s1) > 0.6 or abs(t0 - t1) > 0.6:
        assert nearer(a, b) != nearer(b, a)
    assert sorted(far_to_near([a, b])) == [0, 1]


@settings(max_examples=40)
@given(st.floats(0.5, 3), st.floats(0, 20), st.floats(0, 60))
def test_a_route_is_walked_at_its_speed_and_rests(speed: float, pause_s: float, time_s: float) -> None:
    route = Route(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]), speed, 0.0, 1, pause_s)
    place = route.at(time_s)
    end_s = 20 / speed + pause_s
    assert (place is None) == (time_s > end_s)
    if place is not None:
        walked_s = min(time_s, 10 / speed) + max(0.0, time_s - 10 / speed - pause_s)
        assert place.travel_m == pytest.approx(walked_s * speed, abs=1e-6)


def _truths() -> list[Truth]:
    return [t for t in street_truth("synthetic://street?size=640x360&seed=3", 100) if t.counts]


def _track(truth: Truth, number: int) -> Track:
    return Track(number, truth.label, 0.9, truth.box, "active", truth.mask)


def test_the_score_of_the_truth_itself_is_perfect() -> None:
    truths = _truths()
    score = score_against_truth([truths], [[_track(t, i + 1) for i, t in enumerate(truths)]])
    assert (score.recall, score.precision) == (1, 1)
    assert score.mask_iou == pytest.approx(1)
    assert score.truths == len(truths) >= 3


def test_the_score_counts_misses_and_inventions() -> None:
    truths = _truths()
    tracks = [_track(t, i + 1) for i, t in enumerate(truths)]
    half = score_against_truth([truths], [tracks[:1]])
    assert half.recall == pytest.approx(1 / len(truths))
    assert half.precision == 1
    shown = score_against_truth([truths[:1]], [tracks])
    assert shown.precision == pytest.approx(1 / len(truths))
    assert score_against_truth([[]], [[]]).recall == 1
    lost = [Track(1, "person", 0.5, truths[0].box, "lost")]
    assert score_against_truth([[]], [lost]).precision == 1


def test_truths_that_do_not_count_are_neither_missed_nor_wrong() -> None:
    tiny = [t for t in street_truth("synthetic://street?size=640x360&seed=3", 100) if not t.counts]
    assert tiny
    score = score_against_truth([tiny], [[_track(tiny[0], 1)]])
    assert (score.truths, score.tracks, score.recall, score.precision) == (0, 0, 1, 1)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools under NumPy 2
def test_the_zip_reads_as_coco(tmp_path) -> None:
    path = tmp_path / "street.zip"
    write_street_zip(path, images=3, seeds=[11, 12], look=Look(size_hw_choices=[(180, 320)], long_side=240))
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("annotations.json"))
        assert document["info"] == {"source": "street", "labelled": ["person", "vehicle", "animal"], "separated": True}
        assert [c["name"] for c in document["categories"]] == ["person", "vehicle", "animal", "shadow"]
        assert len(document["images"]) == 3
        sizes = {}
        for image in document["images"]:
            picture = cv2.imdecode(np.frombuffer(archive.read(image["file_name"]), np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (image["height"], image["width"], 3)
            assert max(picture.shape) <= 240
            sizes[image["id"]] = picture.shape[:2]
    assert document["annotations"]
    for annotation in document["annotations"]:
        mask = coco_mask.decode(annotation["segmentation"])
        assert mask.shape == sizes[annotation["image_id"]]
        assert int(mask.sum()) == annotation["area"] > 0
        assert np.array_equal(mask, rle_decode(annotation["segmentation"]["counts"], mask.shape))
        assert coco_mask.toBbox(annotation["segmentation"]).tolist() == annotation["bbox"]


def test_shadows_are_annotated_with_what_casts_them(tmp_path) -> None:
    path = tmp_path / "street.zip"
    write_street_zip(path, images=4, seeds=[3, 12], look=Look(size_hw_choices=[(180, 320)]))
    with zipfile.ZipFile(path) as archive:
        rows = json.loads(archive.read("annotations.json"))["annotations"]
    by_id = {row["id"]: row for row in rows}
    assert len(by_id) == len(rows)
    shadows = [row for row in rows if row["category_id"] == 4]
    assert len(shadows) >= 10 and all("dark" not in row for row in rows if row["category_id"] != 4)
    for row in shadows:
        assert 0.15 <= row["dark"] < 1
        for other in rows:
            if other["image_id"] == row["image_id"] and other["category_id"] != 4:
                assert not (_decoded(row) & _decoded(other)).any()
    casters = [by_id[row["of"]] for row in shadows if "of" in row]
    assert casters and all(caster["category_id"] != 4 for caster in casters)
    assert all(by_id[r["of"]]["image_id"] == r["image_id"] for r in shadows if "of" in r)


def _decoded(row: dict[str, Any]) -> np.ndarray:
    return rle_decode(row["segmentation"]["counts"], tuple(row["segmentation"]["size"]))


def test_what_is_looked_for_is_in_nearly_every_picture(tmp_path) -> None:
    path = tmp_path / "bicycles.zip"
    look = Look(size_hw_choices=[(180, 320)], favour="bicycle")
    write_street_zip(path, images=8, seeds=[11, 12], look=look)
    with zipfile.ZipFile(path) as archive:
        rows = json.loads(archive.read("annotations.json"))["annotations"]
    assert len({row["image_id"] for row in rows if row["fine"] == "bicycle"}) >= 7


def test_a_zip_of_nothing_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="0 images"):
        write_street_zip(tmp_path / "a.zip", images=0, seeds=[1])
    with pytest.raises(DataError, match="cannot be written"):
        write_street_zip(tmp_path / "missing" / "a.zip", images=1, seeds=[1])
