"""Weights that are not those they were, or hold what no network can use."""

import hashlib
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from streamseg.config import ModelConfig
from streamseg.errors import ModelError
from streamseg.inference import load_network
from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.weights import digests
from streamseg.weights.digests import check_digest
from streamseg.weights.format import load_weights, save_weights
from streamseg.weights.header import SHIPPED, find_weights

PLAN = NetConfig(widths=(2, 2, 2, 2), depths=(0, 0, 0, 0), prototypes=1)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.safetensors"
    save_weights(DeconvNet(PLAN), path, terms="test")
    return path


@pytest.mark.parametrize("name", ["s", "m"])
def test_what_ships_is_what_was_signed_for(name):
    """After new weights: cd streamseg/weights && sha256sum *.safetensors > SHA256SUMS"""
    path = find_weights(name)
    told = (SHIPPED / "SHA256SUMS").read_text()
    assert f"{check_digest(path)}  {path.name}\n" in told


def test_one_bit_is_enough(tmp_path, monkeypatch):
    for path in (*SHIPPED.glob("s.safetensors"), SHIPPED / "SHA256SUMS"):
        shutil.copy(path, tmp_path)
    changed = tmp_path / "s.safetensors"
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    assert load_weights(changed), "a file of one's own may be anything"
    monkeypatch.setattr(digests, "SHIPPED", tmp_path)
    digests._shipped.cache_clear()
    try:
        with pytest.raises(ModelError, match="not the file that ships"):
            load_weights(changed)
    finally:
        digests._shipped.cache_clear()


def test_a_file_of_ones_own_is_held_to_model_sha256(file):
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    model = ModelConfig(name=str(file), sha256=digest, view=(64, 96), runner="torch")
    assert load_network(model).labels == PLAN.labels
    for name in (str(file), "s"):
        with pytest.raises(ModelError, match=r"its SHA-256 is \w{64}, model\.sha256 is 0{64}"):
            load_network(model.model_copy(update={"name": name, "sha256": "0" * 64}))


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_other_kinds_too_before_anything_reads_them(tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    for each in (path, path.with_suffix(".bin")):
        each.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"model\.sha256 is 0{64}"):
        load_network(ModelConfig(name=str(path), sha256="0" * 64))
    digest = hashlib.sha256(b"no network").hexdigest()
    with pytest.raises(ModelError) as refused:
        load_network(ModelConfig(name=str(path), sha256=digest))
    assert "sha256" not in str(refused.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(file, value):
    tensors = load_file(file)
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 4)
    tensors[name][0, 0, 0, 0] = value
    _save_again(file, tensors)
    with pytest.raises(ModelError, match=f"{name}.*must hold finite numbers"):
        load_weights(file)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.float64, torch.float8_e4m3fn])
def test_weights_of_another_type(file, dtype):
    tensors = load_file(file)
    name = min(tensors)
    tensors[name] = tensors[name].float().to(dtype)
    _save_again(file, tensors)
    with pytest.raises(ModelError, match="must hold finite numbers of fp16, bf16 or fp32"):
        load_weights(file)


def test_a_tensor_of_another_shape_or_none(file):
    tensors = load_file(file)
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 4)
    for changed in ({name: tensors[name].flatten()}, {name: None}):
        _save_again(file, {key: value for key, value in (tensors | changed).items() if value is not None})
        with pytest.raises(ModelError, match=f"do not fit their own plan at '{name}'"):
            load_weights(file)


def _save_again(file, tensors):
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as before:
        metadata = before.metadata()
    save_file(tensors, file, metadata=metadata)
