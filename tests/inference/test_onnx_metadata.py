"""Metadata of ONNX files: both spellings of names, what is refused, and files that are no ONNX."""

from pathlib import Path

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from streamseg.errors import ModelError
from streamseg.inference.onnx_metadata import Metadata, read_metadata


def model_bytes(metadata: dict[str, str]) -> bytes:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="test")
    helper.set_model_props(model, metadata)
    return model.SerializeToString()


def read(folder: Path, metadata: dict[str, str]) -> Metadata:
    path = folder / "net.onnx"
    path.write_bytes(model_bytes(metadata))
    return read_metadata(path)


def test_a_bare_file_gives_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, {"author": "somebody", "stride": "32"}) == Metadata()


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        ('["person", "car"]', ("person", "car"), None),
        ("['person', 'car']", ("person", "car"), None),
        ("{0: 'person', 1: 'car'}", ("person", "car"), 0),
        ('{"0": "person", "1": "car"}', ("person", "car"), 0),
        ("{1: 'person', 3: 'car'}", ("person", "class2", "car"), 1),
        ("['größe', 'traffic light']", ("größe", "traffic light"), None),
        ("['../../etc/x', 'N/A', '', 7]", ("_.._etc_x", "N_A", "_", "7"), None),
    ],
)
def test_names(tmp_path: Path, text: str, names: tuple[str, ...], first: int | None) -> None:
    metadata = read(tmp_path, {"names": text})
    assert (metadata.names, metadata.first) == (names, first)


def test_everything_at_once(tmp_path: Path) -> None:
    entries = {"mean": "[1, 2, 3.5]", "std": "2", "scale": "0.5", "color": "BGR", "output_layout": "mask-rcnn"}
    assert read(tmp_path, entries) == Metadata(
        mean=(1, 2, 3.5), std=(2, 2, 2), scale=0.5, color="bgr", layout="mask-rcnn"
    )


def test_exporters_mark_end_to_end_networks(tmp_path: Path) -> None:
    assert read(tmp_path, {"end2end": "True"}).layout == "yolo-end2end"
    assert read(tmp_path, {"end2end": "False"}).layout is None


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("names", "__import__('os').system('true')", "neither JSON nor a Python literal"),
        ("names", "[" * 5000, "neither JSON nor a Python literal"),
        ("names", "{'a': 'b'}", "keys of a mapping must be label numbers"),
        ("names", "{-1: 'b'}", "labels count from 0"),
        ("names", "{0: 'a', 999999999: 'b'}", "1000000000 classes; 1 to 10000"),
        ("names", "[]", "0 classes"),
        ("names", "3", "holds int"),
        ("names", "['" + "a" * 300_000 + "']", "at most 262144 are read"),
        ("mean", "[1, 2]", "one number or a list of three"),
        ("mean", "'a'", "one number or a list of three"),
        ("std", "0", "must be above 0"),
        ("scale", "NaN", "one number or a list of three"),
        ("color", "hsv", "rgb or bgr"),
        ("output_layout", "detr", "one of yolo, yolo-objectness, yolo-end2end, mask-rcnn"),
    ],
)
def test_values_that_cannot_be_used_are_one_line(tmp_path: Path, key: str, text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        read(tmp_path, {key: text})
    line = str(caught.value)
    assert f"net.onnx: metadata {key}: " in line and "\n" not in line and len(line) < 600


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_metadata_or_a_model_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(content)
    try:
        read_metadata(path)
    except ModelError as error:
        assert "\n" not in str(error).replace(str(path), "")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_cut_short_is_noticed_or_still_valid(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = model_bytes({"names": "['a', 'b']"})
    path = tmp_path_factory.getbasetemp() / "cut.onnx"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    try:
        metadata = read_metadata(path)
    except ModelError:
        return
    # a cut between two fields leaves a valid file, with less in it
    assert onnx.load_model_from_string(path.read_bytes()).graph.node
    assert metadata == Metadata()


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.onnx"):
        with pytest.raises(ModelError, match="an ONNX file is needed"):
            read_metadata(path)
