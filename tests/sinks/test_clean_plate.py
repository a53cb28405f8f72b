from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.records import Extraction, Frame, Planes
from streamseg.sinks.clean_plate import CleanPlateSink
from tests.sinks.scenes import disc_mask, info, make_frame, make_track
from tests.sinks.videos import left, pictures, psnr_db

SIZE_HW = 120, 160


def opened(folder: Path, position: bytes = b"", **keys: Any) -> CleanPlateSink:
    sink = CleanPlateSink(Config.model_validate({"clean_plate": keys, "video": {"crf": 4}}), folder)
    sink.open(info(size_hw=SIZE_HW), position)
    return sink


def walked(seq: int, *, size_hw: tuple[int, int] = SIZE_HW, label: str = "person") -> Extraction:
    """A white disc walks through a soft picture."""
    empty = make_frame(seq, size_hw=size_hw)
    x = 5.0 + 4 * seq
    box = (x, 40.0, x + 30, 80.0)
    track = make_track(box=box, mask=disc_mask(box), label=label, confirmed_label=label)
    assert track.mask is not None
    drawn = empty.planes.y.copy()
    drawn[track.mask.on((0, 0, size_hw[1], size_hw[0])) > 30] = 255
    return Extraction(replace(empty, planes=Planes(drawn, empty.planes.u, empty.planes.v)), (track,))


def luma(folder: Path, part: str = "clean-plate.mp4") -> list[np.ndarray]:
    shown = pictures(folder / part)
    return [picture.to_ndarray(format="yuv420p")[: picture.height] for picture in shown]


def image(folder: Path) -> np.ndarray:
    found = cv2.imread(str(folder / "clean-plate.png"), cv2.IMREAD_GRAYSCALE)
    assert found is not None
    return found


def run(sink: CleanPlateSink, seqs: range, **scene: Any) -> None:
    for seq in seqs:
        assert sink.write(walked(seq, **scene))
        sink.settle()


def test_who_walks_is_gone_and_the_background_is_his(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    run(sink, range(30))
    sink.close()
    shown, empty = luma(tmp_path), make_frame(size_hw=SIZE_HW).planes.y
    assert len(shown) == 30
    assert all(psnr_db(picture, empty) > 38 for picture in shown[15:])
    assert max(int(picture.max()) for picture in shown[5:]) < 230
    assert int(image(tmp_path).max()) < 230
    assert sorted(path.name for path in tmp_path.iterdir()) == [".streamseg", "clean-plate.mp4", "clean-plate.png"]


def test_only_what_is_asked_for_is_removed_and_nothing_that_moves_is_learnt(tmp_path: Path) -> None:
    sink = opened(tmp_path, classes=["animal"])
    run(sink, range(30), label="person")
    sink.close()
    assert all(int(picture.max()) > 240 for picture in luma(tmp_path))
    assert int(image(tmp_path)[:, :100].max()) < 230


@pytest.mark.parametrize(("video", "image_too"), [(True, False), (False, True)])
def test_video_and_image_can_be_left_out(tmp_path: Path, video: bool, image_too: bool) -> None:
    sink = opened(tmp_path, video=video, image=image_too)
    run(sink, range(5))
    sink.close()
    assert (tmp_path / "clean-plate.mp4").exists() == video
    assert (tmp_path / "clean-plate.png").exists() == image_too


def test_the_image_comes_by_the_clock_of_the_stream(tmp_path: Path) -> None:
    sink = opened(tmp_path, video=False, image_every_s=0.4)
    path, times = tmp_path / "clean-plate.png", []
    for seq in range(30):
        sink.write(walked(seq))
        if path.exists():
            times.append(seq)
            path.unlink()
    assert times == [10, 20]
    sink.close()
    assert path.exists()


def test_another_size_begins_another_background_and_another_part(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    run(sink, range(10))
    position = sink.settle()
    smaller = (80, 100)
    run(sink, range(10, 14), size_hw=smaller)
    sink.write(walked(14, size_hw=smaller))
    left(sink)  # but what it tells of that nobody hears
    again = opened(tmp_path, position)
    run(again, range(10, 15), size_hw=smaller)
    again.close()
    assert image(tmp_path).shape == smaller
    assert [len(luma(tmp_path, name)) for name in ("clean-plate.mp4", "clean-plate-0002.mp4")] == [10, 5]
    assert not list(tmp_path.glob(".*.part"))


def test_when_the_camera_has_turned_it_begins_anew(tmp_path: Path) -> None:
    sink = opened(tmp_path, video=False)
    run(sink, range(5))
    turned = [replace(walked(seq).frame, planes=flipped(walked(seq).frame)) for seq in range(5, 40)]
    for frame in turned:
        sink.write(Extraction(frame, ()))
    sink.close()
    empty = flipped(make_frame(size_hw=SIZE_HW)).y.astype(float)
    shown = image(tmp_path).astype(float)
    assert np.corrcoef(empty[:30].ravel(), shown[:30].ravel())[0, 1] > 0.95


def flipped(frame: Frame) -> Planes:
    return Planes(*(255 - cv2.flip(plane, -1) for plane in (frame.planes.y, frame.planes.u, frame.planes.v)))


def test_a_position_is_small_and_a_closed_sink_says_so(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    run(sink, range(3))
    assert len(sink.settle()) < 500
    sink.close()
    with pytest.raises(SinkError, match=r"clean-plate\.mp4: is closed"):
        sink.write(walked(3))


def test_a_stream_without_frames_leaves_nothing(tmp_path: Path) -> None:
    opened(tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == [".streamseg"]
