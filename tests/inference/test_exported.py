"""Exported files that are damaged, foreign or asked for the impossible: each an error of one line."""

import numpy as np
import onnx
import pytest

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, ModelError
from streamseg.export.write import Plan, write
from streamseg.inference import load_network

VIEW = (64, 96)


@pytest.fixture(scope="module")
def files(small_weights, tmp_path_factory):
    """A good .xml, its .bin and a good .onnx."""
    folder = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        write(Plan(small_weights, "openvino", "fp32", VIEW, folder / "net.xml"), [])
        write(Plan(small_weights, "onnx", "fp32", VIEW, folder / "net.onnx"), [])
    return {name: (folder / name).read_bytes() for name in ("net.xml", "net.bin", "net.onnx")}


def load(path, **settings):
    return load_network(ModelConfig(name=str(path), **settings))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        # text
        ({"net.xml": b"nonsense"}, "not an OpenVINO model"),
        # cut short
        ({"net.xml": b"<?xml version='1.0'?><net name='a' version='11'><layers>"}, "OpenVINO cannot read it"),
        # without its numbers, or with too few
        ({"net.bin": b""}, r"OpenVINO cannot read it, or the \.bin beside it"),
        ({"net.bin": b"1234"}, r"OpenVINO cannot read it, or the \.bin beside it"),
    ],
)
def test_damaged_openvino_files(files, tmp_path, change, says):
    for name, content in (files | change).items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"net\.xml: {says}") as caught:
        load(tmp_path / "net.xml")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match=r"nosuch\.xml: No such file or directory; a file written by"):
        load(tmp_path / "nosuch.xml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"network-3", b"network-9", "is of the format 'network-9', not 'network-3'"),
        (b"<streamseg>", b"<elsewhere>", "says nothing of streamseg"),
        (b"prototypes", b"prototypez", "this version needs .*prototypes: export it again"),
        (b"[64, 96]", b"[64; 96]", "its card cannot be read"),
        (b'"fp32"', b'"fp99"', "precision 'fp99'"),
    ],
)
def test_foreign_openvino_files(files, tmp_path, old, new, says):
    content = (
        files["net.xml"].replace(old, new).replace(b"</streamseg>", b"</" + (new[1:] if b"<" in old else b"streamseg>"))
    )
    (tmp_path / "net.xml").write_bytes(content)
    (tmp_path / "net.bin").write_bytes(files["net.bin"])
    with pytest.raises(ModelError, match=says):
        load(tmp_path / "net.xml")


@pytest.mark.parametrize("runner", ["onnx", "openvino"])
def test_an_onnx_file_of_another_version(files, tmp_path, runner):
    model = onnx.load_from_string(files["net.onnx"])
    del model.graph.output[-1]
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(ModelError, match=r"net\.onnx: outputs score_8.*: export it again"):
        load(tmp_path / "net.onnx", runner=runner)


@pytest.mark.parametrize("length", [0.3, 0.99])
def test_an_onnx_file_cut_short(files, tmp_path, length):
    content = files["net.onnx"]
    (tmp_path / "net.onnx").write_bytes(content[: int(length * len(content))])
    with pytest.raises(ModelError, match=r"net\.onnx: not an ONNX file, or cut short"):
        load(tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("file", "settings", "error", "says"),
    [
        ("net.xml", {"runner": "torch"}, ConfigError, "runner torch on device auto; an .xml runs by runner openvino"),
        ("net.xml", {"device": "cuda"}, ConfigError, "runner auto on device cuda"),
        ("net.onnx", {"runner": "torch"}, ModelError, "runner torch cannot run an ONNX file"),
        ("net.onnx", {"runner": "openvino", "device": "cuda"}, ModelError, "runner openvino runs on cpu"),
    ],
)
def test_impossible_choices(files, tmp_path, file, settings, error, says):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=says):
        load(tmp_path / file, **settings)


def test_the_view_is_the_files_own(files, tmp_path):
    (tmp_path / "net.onnx").write_bytes(files["net.onnx"])
    net = load(tmp_path / "net.onnx", view=(448, 768))
    assert net.view_hw == VIEW and "net (96x64" in net.describe()
    assert np.shape(net.labels) == (3,)
