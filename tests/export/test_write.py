"""Real conversions of a small network: what is written says what it is, and runs as the network it came from."""

import hashlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, SinkError
from streamseg.export.parity import compare, faults
from streamseg.export.to_onnx import OPSET
from streamseg.export.write import Plan, write
from streamseg.geometry import Letterbox
from streamseg.inference import load_network
from streamseg.inference.onnx_metadata import read_entries
from streamseg.inference.ports import output_names
from streamseg.records import Sample

VIEW = (64, 96)


def samples(count=3):
    rng = np.random.default_rng(1)
    fit = Letterbox.fit((0, 0, VIEW[1], VIEW[0]), VIEW)
    return [Sample(rng.integers(0, 256, (*VIEW, 3), dtype=np.uint8), fit) for _ in range(count)]


def written(weights, out, form="openvino", precision="fp32"):
    write(Plan(weights, form, precision, VIEW, out), samples())
    return out


def network(name, runner="auto"):
    return load_network(ModelConfig(name=str(name), runner=runner, device="cpu", view=VIEW, score=0.0))


@pytest.mark.parametrize(
    ("form", "file", "runner"),
    [("onnx", "net.onnx", "onnx"), ("onnx", "net.onnx", "openvino"), ("openvino", "net.xml", "openvino")],
)
def test_fp32_is_the_network(small_weights, tmp_path, form, file, runner):
    ours = network(small_weights, "torch")
    theirs = network(written(small_weights, tmp_path / file, form), runner)
    assert (theirs.labels, theirs.view_hw) == (ours.labels, VIEW)
    parity = compare(ours, theirs, samples())
    assert parity.objects > 20 and faults(parity) == []


@pytest.mark.parametrize(("form", "file"), [("onnx", "net.onnx"), ("openvino", "net.xml")])
def test_a_network_that_takes_motion_still_does(moving_weights, tmp_path, form, file):
    theirs = network(written(moving_weights, tmp_path / file, form), "onnx" if form == "onnx" else "openvino")
    moving = [replace(sample, motion=np.full((16, 24), 255, np.uint8)) for sample in samples()]
    assert theirs.takes_motion and theirs([samples()[0]])[0].scores[0] != theirs([moving[0]])[0].scores[0]
    for views in (samples(), moving):
        assert faults(compare(network(moving_weights, "torch"), theirs, views)) == []


@pytest.mark.parametrize(("form", "file"), [("onnx", "net.onnx"), ("openvino", "net.xml")])
def test_appearance_is_that_of_the_network(moving_weights, tmp_path, form, file):
    theirs = network(written(moving_weights, tmp_path / file, form), "onnx" if form == "onnx" else "openvino")
    found, ours = (net([samples()[0]])[0] for net in (theirs, network(moving_weights, "torch")))
    assert found.appearance.shape == (len(ours), 10) and found.appearance.dtype == np.float32
    np.testing.assert_allclose(found.appearance, ours.appearance, atol=1e-3)
    assert ours.appearance.std(axis=0).max() > 0.01, "objects differ"


def test_int8_of_a_network_that_takes_motion(moving_weights, tmp_path):
    pytest.importorskip("nncf")
    theirs = network(written(moving_weights, tmp_path / "net.xml", precision="int8"))
    assert compare(network(moving_weights, "torch"), theirs, samples()).score.mean < 0.1


@pytest.mark.parametrize(("precision", "score"), [("fp16", 0.002), ("bf16", 0.1)])
def test_less_precise_is_near(small_weights, tmp_path, precision, score):
    theirs = network(written(small_weights, tmp_path / "net.xml", precision=precision))
    parity = compare(network(small_weights, "torch"), theirs, samples())
    assert parity.objects > 20 and parity.score.mean < score


def test_int8_is_near_and_small(small_weights, tmp_path):
    pytest.importorskip("nncf")
    whole = written(small_weights, tmp_path / "whole.xml")
    small = written(small_weights, tmp_path / "small.xml", precision="int8")
    assert small.with_suffix(".bin").stat().st_size < 0.5 * whole.with_suffix(".bin").stat().st_size
    assert b'element_type="i8"' in small.read_bytes()
    parity = compare(network(small_weights, "torch"), network(small), samples())
    assert parity.objects > 20 and parity.score.mean < 0.1


def test_int8_without_nncf_says_what_to_install(small_weights, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(ConfigError, match=r"pip install 'streamseg\[export\]'"):
        written(small_weights, tmp_path / "net.xml", precision="int8")


def test_an_onnx_file_says_what_it_is(small_weights, tmp_path):
    path = written(small_weights, tmp_path / "net.onnx", "onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", OPSET)]
    assert [port.name for port in model.graph.input] == ["view"]
    assert tuple(port.name for port in model.graph.output) == output_names(appearance=False)
    assert all(port.type.tensor_type.shape.dim[0].dim_param for port in (*model.graph.input, *model.graph.output))
    entries = read_entries(path)
    assert entries["names"] == '["person", "vehicle", "animal"]' and entries["view"] == "[64, 96]"
    assert entries["terms"] == "test" and entries["source"] == "small.safetensors"
    assert entries["source_sha256"] == hashlib.sha256(small_weights.read_bytes()).hexdigest()


@pytest.mark.parametrize(("form", "file"), [("onnx", "net.onnx"), ("openvino", "net.xml")])
def test_a_batch_gives_each_its_own(small_weights, tmp_path, form, file):
    net = network(written(small_weights, tmp_path / file, form), "onnx" if form == "onnx" else "openvino")
    views = samples()
    for together, view in zip(net(views), views, strict=True):
        alone = net([view])[0]
        assert len(together) == len(alone) and np.allclose(together.scores, alone.scores, atol=1e-4)


def test_an_exported_file_runs_without_torch(small_weights, tmp_path):
    path = written(small_weights, tmp_path / "net.xml")
    program = f"""
import sys
from streamseg.config import ModelConfig
from streamseg.inference import load_network
load_network(ModelConfig(name={str(path)!r}))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("form", "precision", "out", "says"),
    [
        ("onnx", "int8", "net.onnx", "precision int8: format onnx has fp32"),
        ("onnx", "fp32", "net.xml", r"net\.xml: format onnx is written to a \.onnx file"),
        ("openvino", "fp32", "net.onnx", r"net\.onnx: format openvino is written to a \.xml file"),
        ("openvino", "fp32", "nosuch/net.xml", "no such folder"),
    ],
)
def test_what_does_not_go_together(small_weights, tmp_path, form, precision, out, says):
    with pytest.raises(ConfigError, match=says):
        Plan(small_weights, form, precision, VIEW, tmp_path / out)


@pytest.mark.parametrize(("form", "file"), [("onnx", "net.onnx"), ("openvino", "net.xml")])
def test_a_place_that_cannot_be_written(small_weights, tmp_path, form, file):
    (tmp_path / file).mkdir()
    with pytest.raises(SinkError, match=rf"{file}: cannot be written"):
        written(small_weights, tmp_path / file, form)
    assert {path.name for path in tmp_path.iterdir()} <= {file, "cache", "net.bin"}
