"""Files and runners that cannot be used: each a ModelError of one line that says what is needed."""

import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from streamseg.errors import ModelError
from streamseg.inference.user_onnx import UserOnnx
from tests.inference.drawn import RUNNERS, STREET, VIEW_HW, config, view
from tests.inference.onnx_networks import ColourNetwork


@pytest.mark.parametrize("runner", RUNNERS)
def test_unknown_outputs_are_listed_with_what_is_understood(tmp_path: Path, runner: str) -> None:
    path = ColourNetwork().unknown().save(tmp_path / "net.onnx")
    with pytest.raises(ModelError, match=r"heat float32 \[1, 3, 96, 160\] are not understood.*YOLO-seg.*Mask R-CNN"):
        UserOnnx(path, config(runner))


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("content", [b"", b"just a text, not a network\n" * 40, b"\x08\x08", None])
def test_a_file_that_is_no_network_is_one_line(tmp_path: Path, runner: str, content: bytes | None) -> None:
    path = ColourNetwork().yolo().save(tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(ModelError, match=r"net\.onnx: not an ONNX file") as caught:
        UserOnnx(path, config(runner))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_graph_that_no_runner_knows_is_one_line(tmp_path: Path, runner: str) -> None:
    net = ColourNetwork().yolo()
    net.nodes[0].op_type = "NoSuchOperator"
    with pytest.raises(ModelError, match=r"net\.onnx: .* cannot load it") as caught:
        UserOnnx(net.save(tmp_path / "net.onnx", check=False), config(runner))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_network_that_fails_when_run_is_one_line(tmp_path: Path, runner: str) -> None:
    net = ColourNetwork(("batch", 3, "height", "width")).yolo()
    net.add_failing_output()
    with pytest.raises(ModelError, match=r"net\.onnx: (OpenVINO|ONNX Runtime) failed") as caught:
        # with one thread OpenVINO 2026.4 passes over nodes that fail
        UserOnnx(net.save(tmp_path / "net.onnx"), config(runner, threads=2))([view(*STREET)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runner": "torch"}, "runner torch cannot run an ONNX file; use --runner openvino or onnx"),
        ({"runner": "openvino", "device": "cuda"}, "use --runner onnx"),
    ],
)
def test_runners_that_cannot(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    path = ColourNetwork().yolo().save(tmp_path / "net.onnx")
    with pytest.raises(ModelError, match=message):
        UserOnnx(path, config(**changes))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx: No such file"):
        UserOnnx(tmp_path / "none.onnx", config())


def test_a_missing_onnx_runtime_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ColourNetwork().yolo().save(tmp_path / "net.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"pip install streamseg\[onnx\]"):
        UserOnnx(path, config("onnx"))


def test_cuda_without_cuda_says_so(tmp_path: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(ModelError, match="device cuda:0: this ONNX Runtime has no CUDA"):
        UserOnnx(ColourNetwork().yolo().save(tmp_path / "net.onnx"), config("auto", device="cuda:0"))


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("shape", [(1, 4, *VIEW_HW), (1, *VIEW_HW, 3)])
def test_inputs_that_are_no_picture(tmp_path: Path, runner: str, shape: tuple[int, ...]) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    with pytest.raises(ModelError, match="channels first"):
        UserOnnx(path, config(runner))


def test_a_fixed_batch_without_a_batch_in_the_outputs(tmp_path: Path) -> None:
    path = ColourNetwork((2, 3, *VIEW_HW)).mask_rcnn().save(tmp_path / "net.onnx")
    with pytest.raises(ModelError, match="a fixed batch of 2, but outputs without a batch axis; 1 is needed"):
        UserOnnx(path, config())


def test_names_that_do_not_fit_the_shapes(tmp_path: Path) -> None:
    path = ColourNetwork().yolo().save(tmp_path / "net.onnx", {"names": '["a", "b", "c", "d", "e"]'})
    with pytest.raises(ModelError, match=r"names 5 classes; a \[1, 11, 16\] output has room for 3 \(yolo, axis 1\) or"):
        UserOnnx(path, config())
