"""A user's ONNX network as the inference stage: real small networks, real frames, both runners, frame pixels."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from streamseg.inference.user_onnx import UserOnnx
from streamseg.preprocess import FitView
from tests.inference.drawn import RUNNERS, STREET, VIEW_HW, VIEW_PX, check, config, draw, view
from tests.inference.onnx_networks import FLOAT16, SCORES, UINT8, ColourNetwork

NAMES = ("person", "car", "dog")


FIXED = (1, 3, *VIEW_HW)
NETWORKS: dict[str, Callable[[], ColourNetwork]] = {
    "yolo columns": lambda: ColourNetwork().yolo(),
    "yolo rows": lambda: ColourNetwork().yolo(rows=True),
    "yolo objectness": lambda: ColourNetwork().yolo(rows=True, objectness=True),
    "yolo end2end": lambda: ColourNetwork().yolo_end2end(),
    "mask rcnn": lambda: ColourNetwork(FIXED).mask_rcnn(),
    "mask rcnn of fixed N": lambda: ColourNetwork(FIXED).mask_rcnn(only_present=False),
    "mask rcnn full size": lambda: ColourNetwork(FIXED).mask_rcnn(full_size=True),
    "mask rcnn with batch axis": lambda: ColourNetwork(FIXED).mask_rcnn(lead=True),
    "mask rcnn of free batch": lambda: ColourNetwork().mask_rcnn(),
    "mask rcnn of one picture": lambda: ColourNetwork((3, "height", "width")).mask_rcnn(),
}


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_finds_what_was_drawn_in_frame_pixels(tmp_path: Path, kind: str, runner: str) -> None:
    path = NETWORKS[kind]().save(tmp_path / "net.onnx", {"names": str(dict(enumerate(NAMES, "mask" in kind)))})
    network = UserOnnx(path, config(runner))
    assert network.labels == NAMES
    assert network.view_hw == VIEW_HW
    full, two, nothing = network([view(*STREET), view(*STREET[1:]), view()])
    check(full, *STREET)
    check(two, *STREET[1:])
    assert len(nothing) == 0 and nothing.boxes.shape == (0, 4)
    factor = 0.5 if kind == "yolo objectness" else 1
    np.testing.assert_allclose(full.scores, np.array(SCORES) * factor, atol=1e-3)


@pytest.mark.parametrize("kind", ["yolo columns", "mask rcnn"])
def test_region_and_pixel_aspect_are_undone(tmp_path: Path, kind: str) -> None:
    network = UserOnnx(NETWORKS[kind]().save(tmp_path / "net.onnx"), config())
    sample = FitView(VIEW_HW, region=(100, 20, 320, 230))(draw(*STREET))
    found = network([sample])[0]
    assert found.labels.tolist() == [0, 1, 2]
    assert np.abs(found.boxes[1] - STREET[1].box).max() < 1.5 * VIEW_PX
    # what lies outside the region was not seen
    assert abs(found.boxes[0, 0] - 100) < VIEW_PX and abs(found.boxes[0, 2] - 120) < 1.5 * VIEW_PX


@pytest.mark.parametrize("runner", RUNNERS)
def test_batches_give_what_single_views_give(tmp_path: Path, runner: str) -> None:
    network = UserOnnx(ColourNetwork().yolo().save(tmp_path / "net.onnx"), config(runner))
    samples = [view(*STREET[:n]) for n in (3, 1, 2, 0, 3)]
    assert network([]) == []
    for together, alone in zip(network(samples), [network([s])[0] for s in samples], strict=True):
        np.testing.assert_allclose(together.boxes, alone.boxes, atol=1e-3)
        assert together.labels.tolist() == alone.labels.tolist()


@pytest.mark.parametrize("batch", [1, 2])
def test_a_fixed_batch_is_filled_up(tmp_path: Path, batch: int) -> None:
    network = UserOnnx(ColourNetwork((batch, 3, *VIEW_HW)).yolo().save(tmp_path / "net.onnx"), config("onnx"))
    for n, found in zip((3, 1, 2), network([view(*STREET[:n]) for n in (3, 1, 2)]), strict=True):
        check(found, *STREET[:n])


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("dtype", [FLOAT16, UINT8])
def test_input_element_types(tmp_path: Path, runner: str, dtype: int) -> None:
    net = ColourNetwork(("batch", 3, *VIEW_HW), dtype).yolo(dtype=FLOAT16)
    check(UserOnnx(net.save(tmp_path / "net.onnx"), config(runner))([view(*STREET)])[0], *STREET)


def test_metadata_sets_normalisation_and_channel_order(tmp_path: Path) -> None:
    metadata = {"scale": "1", "mean": "[100, 100, 100]", "std": "50", "color": "bgr", "names": json.dumps(NAMES)}
    net = ColourNetwork(bgr_255=True).yolo()
    network = UserOnnx(net.save(tmp_path / "net.onnx", metadata), config())
    check(network([view(*STREET)])[0], *STREET)
    ignored = UserOnnx(net.save(tmp_path / "plain.onnx"), config())([view(*STREET)])[0]
    assert ignored.labels.tolist() != [0, 1, 2]


def test_the_networks_own_size_wins_and_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = ColourNetwork((1, 3, *VIEW_HW)).yolo().save(tmp_path / "net.onnx")
    with caplog.at_level(logging.INFO):
        network = UserOnnx(path, config(view=(384, 640)))
    assert network.view_hw == VIEW_HW
    assert "configured=(384, 640)" in caplog.text
    free = UserOnnx(ColourNetwork().yolo().save(tmp_path / "free.onnx"), config(view=(64, 128)))
    assert free.view_hw == (64, 128)
    check(free([FitView((64, 128))(draw(STREET[0]))])[0], STREET[0], box_px=1.5 * 272 / 64)


def test_only_the_best_and_only_from_the_floor(tmp_path: Path) -> None:
    path = ColourNetwork().yolo().save(tmp_path / "net.onnx")
    assert UserOnnx(path, config(max_objects=2))([view(*STREET)])[0].labels.tolist() == [0, 1]
    # the tracker decides from 0.1 on; below, nothing is passed
    assert UserOnnx(path, config(score=0.95))([view(*STREET)])[0].labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("runner", RUNNERS)
def test_threads_share_one_network(tmp_path: Path, runner: str) -> None:
    network = UserOnnx(ColourNetwork().yolo().save(tmp_path / "net.onnx"), config(runner))
    samples = [view(*STREET[: i % 4]) for i in range(24)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda sample: network([sample])[0], samples))
    for i, found in enumerate(results):
        check(found, *STREET[: i % 4])


def test_describe_says_layout_size_and_runner(tmp_path: Path) -> None:
    path = ColourNetwork().yolo().save(tmp_path / "net.onnx", {"names": json.dumps(NAMES)})
    text = UserOnnx(path, config("onnx")).describe()
    for part in ("net.onnx", "yolo", "3 classes", "float32 [?, 3, 96, 160]", "ONNX Runtime on cpu", "threads 1"):
        assert part in text


def test_openvino_needs_neither_torch_nor_onnx_runtime(tmp_path: Path) -> None:
    path = ColourNetwork().yolo().save(tmp_path / "net.onnx")
    code = (
        "import sys; from pathlib import Path; from streamseg.config import ModelConfig;"
        "from streamseg.inference.user_onnx import UserOnnx;"
        f"UserOnnx(Path({str(path)!r}), ModelConfig(view={VIEW_HW}));"
        "sys.exit(', '.join({'torch', 'onnx', 'onnxruntime'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_auto_is_openvino(tmp_path: Path) -> None:
    assert "OpenVINO" in UserOnnx(ColourNetwork().yolo().save(tmp_path / "net.onnx"), config("auto")).describe()
