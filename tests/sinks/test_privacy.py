from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamseg.config import Config, StreamConfig
from streamseg.geometry import Box
from streamseg.pixels import crop_rgb
from streamseg.records import Extraction, Frame, Planes
from streamseg.sinks import build_sink
from streamseg.sinks.obscure import Look
from streamseg.sinks.palette import class_rgb
from streamseg.sinks.privacy import Privacy, Private, hiding
from streamseg.sinks.silhouettes import silhouette
from streamseg.testing import ListSink
from tests.sinks.scenes import disc_mask, info, make_cutout, make_track

SIZE_HW = 240, 320
PERSON: Box = (100.0, 40.0, 160.0, 200.0)
CAR: Box = (150.0, 120.0, 280.0, 220.0)
LOOKS: tuple[Look, ...] = ("blur", "pixelate", "fill")


def noisy_frame(size_hw: tuple[int, int] = SIZE_HW) -> Frame:
    """Every pixel differs from its neighbours: whatever keeps detail shows it."""
    rng = np.random.default_rng(3)
    half = (size_hw[0] + 1) // 2, (size_hw[1] + 1) // 2
    planes = Planes(*(rng.integers(20, 230, size).astype(np.uint8) for size in (size_hw, half, half)))
    return Frame("street", 0, 0, planes)


def scene(state: str = "active") -> Extraction:
    mask = None if state == "lost" else disc_mask(PERSON)
    person = make_track(1, box=PERSON, mask=mask, state=state)
    car = make_track(2, box=CAR, mask=disc_mask(CAR), label="vehicle", confirmed_label="vehicle")
    frame = noisy_frame()
    cutouts = (make_cutout(frame, person), make_cutout(frame, car)) if mask is not None else ()
    return Extraction(frame, (person, car), cutouts)


def detail(plane: np.ndarray) -> float:
    """What a look at neighbouring pixels tells."""
    return float(np.abs(np.diff(plane.astype(float), axis=1)).mean())


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", ["active", "tentative", "lost"])
def test_what_is_hidden_has_no_detail_and_all_else_is_untouched(look: Look, state: str) -> None:
    before = scene(state)
    after = Privacy(look, ["person"]).obscured(before)
    area = silhouette(before.tracks[0], SIZE_HW)
    assert area is not None
    reached = np.zeros(SIZE_HW, bool)
    x0, y0, x1, y1 = area.crop
    reached[y0:y1, x0:x1] = area.coverage > 0
    half = reached.reshape(120, 2, 160, 2).any(axis=(1, 3))
    for name, mask in (("y", reached), ("u", half), ("v", half)):
        old, new = getattr(before.frame.planes, name), getattr(after.frame.planes, name)
        np.testing.assert_array_equal(old[~mask], new[~mask])
    middle = slice(100, 140), slice(115, 145)
    assert detail(after.frame.planes.y[middle]) < 0.15 * detail(before.frame.planes.y[middle])
    assert detail(before.frame.planes.y[middle]) > 50, "the original is not painted on"


@pytest.mark.parametrize("look", ["blur", "pixelate"])
def test_about_eight_cells_are_left_whatever_the_size(look: Look) -> None:
    for side in (80.0, 160.0, 220.0):
        box = (20.0, 10.0, 20.0 + side, 10.0 + side)
        frame = noisy_frame()
        track = make_track(box=box, state="lost", mask=None)
        luma = Privacy(look, None).obscured(Extraction(frame, (track,))).frame.planes.y
        row = luma[int(10 + side / 2), 24 : int(16 + side)].astype(int)
        assert row.std() < 0.35 * frame.planes.y.std()
        if look == "pixelate":
            assert 4 <= np.count_nonzero(np.diff(row)) + 1 <= 13


def test_fill_is_one_colour() -> None:
    shown = Privacy("fill", None).obscured(Extraction(noisy_frame(), (make_track(box=PERSON, mask=disc_mask(PERSON)),)))
    rgb = crop_rgb(shown.frame, (110, 90, 150, 150)).reshape(-1, 3)
    assert np.abs(rgb.astype(int) - class_rgb("person")).max() <= 2


@pytest.mark.parametrize("size_hw", [(239, 319), (61, 53)])
def test_frames_of_odd_size_and_objects_across_their_border(size_hw: tuple[int, int]) -> None:
    box = (-30.0, size_hw[0] - 40.0, 45.0, size_hw[0] + 30.0)
    frame = noisy_frame(size_hw)
    for look in LOOKS:
        after = Privacy(look, None).obscured(Extraction(frame, (make_track(box=box, mask=disc_mask(box)),)))
        assert detail(after.frame.planes.y[-15:, :20]) < 0.3 * detail(frame.planes.y[-15:, :20])


def test_without_such_objects_nothing_is_copied() -> None:
    before = scene()
    assert Privacy("blur", ["animal"]).obscured(before) is before


def test_other_objects_cut_outs_show_nothing_of_a_hidden_one() -> None:
    before = scene()
    after = Privacy("fill", ["person"]).without(before)
    assert [track.id for track in after.tracks] == [2]
    [cutout] = after.cutouts
    assert cutout.track.id == 2
    left, top = cutout.offset
    inside = crop_rgb(after.frame, (left, top, left + cutout.rgba.shape[1], top + cutout.rgba.shape[0]))
    changed = (cutout.rgba != before.cutouts[1].rgba).any(axis=2)
    assert changed.any(), "the person stands before the car"
    np.testing.assert_array_equal(cutout.rgba[changed][:, :3], inside[changed])
    np.testing.assert_array_equal(cutout.rgba[:, :, 3], before.cutouts[1].rgba[:, :, 3])
    assert after.frame.notes == ("privacy: fill of person",)


def test_alone_a_hidden_object_leaves_nothing_to_cut_out() -> None:
    before = scene()
    after = Privacy("fill", None).without(before)
    assert (after.tracks, after.cutouts) == ((), ())


@pytest.mark.parametrize(
    ("kind", "wrapped"),
    [("video", True), ("clean_plate", True), ("cutouts", True), ("events", False), ("objects", False)],
)
def test_every_sink_that_keeps_pixels_is_told_to_hide(tmp_path: Path, kind: str, wrapped: bool) -> None:
    stream = StreamConfig(source="a.mp4", name="a")
    config = Config.model_validate({"output": {"dir": str(tmp_path)}, "video": {"privacy": "blur"}})
    sink = build_sink(kind, config, stream, version="1")
    assert isinstance(sink, Private) == wrapped
    assert sink.name == kind
    assert not isinstance(build_sink(kind, Config(), stream, version="1"), Private)


def test_the_streams_classes_are_hidden_unless_others_are_named() -> None:
    stream = StreamConfig(source="a.mp4", name="a", classes=["animal"])
    for video, hidden in (({}, {2}), ({"privacy_classes": ["person"]}, {1})):
        config = Config.model_validate({"video": {"privacy": "fill"} | video})
        sink = ListSink("cutouts")
        private = hiding(sink, config, stream)
        private.open(info())
        tracks = make_track(1, box=PERSON), make_track(2, box=CAR, label="animal", confirmed_label="animal")
        private.write(Extraction(noisy_frame(), tracks))
        [written] = sink.extractions
        assert {track.id for track in written.tracks} == {1, 2} - hidden


def test_a_wrapped_sink_keeps_its_positions() -> None:
    sink = ListSink("video")
    private = Private(sink, Privacy("blur", None).obscured)
    assert private.open(info(), b"7") == -1
    assert sink.position == b"7"
    private.write(replace(scene(), cutouts=()))
    assert private.settle() == b"0"
    private.close()
    assert sink.closed


def test_blur_cannot_be_sharpened_back() -> None:
    """Deconvolution by an unsharp mask brings no letter back."""
    frame = noisy_frame()
    frame.planes.y[:] = 60
    cv2.putText(frame.planes.y, "ABC", (108, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 220, 2)
    track = make_track(box=PERSON, state="lost", mask=None)
    hidden = Privacy("blur", None).obscured(Extraction(frame, (track,))).frame.planes.y[100:140, 105:155].astype(float)
    sharpened = np.clip(hidden + 8 * (hidden - cv2.GaussianBlur(hidden, (0, 0), 6)), 0, 255)
    wanted = frame.planes.y[100:140, 105:155].astype(float)
    assert np.corrcoef(sharpened.ravel(), wanted.ravel())[0, 1] < 0.6
