"""Weight files of other kinds: what is read of them, and what is said."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from streamseg.config import ModelConfig
from streamseg.errors import ModelError
from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.inference.network import load_deconv_network
from streamseg.training.transplant import fit_start
from streamseg.weights.format import load_weights, save_weights
from streamseg.weights.header import read_metadata

PLAN = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, appearance=5)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return DeconvNet(PLAN).eval()


def with_maps_of_heads(net, path):
    """The file of a network whose heads had maps of appearance of their own."""
    save_weights(net, path, terms="test")
    header = read_metadata(path)
    tensors = {key: value for key, value in load_file(path).items() if not key.startswith("appearance.")}
    tensors |= {f"heads.{i}.appearance.weight": torch.ones(16, 8, 1, 1).half() for i in (0, 1)}
    config = json.dumps(header.config | {"appearance": 16})
    save_file(tensors, path, metadata={"format": "streamseg-weights-1", "config": config, **header.notes})
    return path


def test_a_network_comes_back_as_it_was_written(net, tmp_path):
    save_weights(net, tmp_path / "net.safetensors", terms="test")
    back, header = load_weights(tmp_path / "net.safetensors")
    assert back.config == PLAN and header.appearance and header.notes == {"terms": "test"}
    for key, value in net.state_dict().items():
        assert torch.equal(back.state_dict()[key], value.half().to(value.dtype))


@torch.no_grad()
def test_maps_of_the_heads_own_are_left_out_and_said(net, tmp_path, caplog):
    path = with_maps_of_heads(net, tmp_path / "old.safetensors")
    old, header = load_weights(path)
    assert not header.appearance and old.config.appearance == 0 and old.appearance is None
    assert [record.getMessage() for record in caplog.records] == [
        f"weights={path} appearance=none reason=of_an_older_kind"
    ]
    assert load_deconv_network(ModelConfig(name=str(path), view=(64, 96), runner="torch")).labels == PLAN.labels


@torch.no_grad()
def test_such_a_network_gets_a_fresh_appearance_and_says_what_it_said(net, tmp_path):
    old, _ = load_weights(with_maps_of_heads(net, tmp_path / "old.safetensors"))
    fitted, view = fit_start(old, PLAN.labels, motion=False, plan=PLAN).eval(), torch.rand(1, 3, 64, 64) * 255
    before, after = old(view), fitted(view)
    assert fitted.config == PLAN and after.appearance.shape == (1, 5, 16, 16)
    assert torch.equal(before.prototypes, after.prototypes)
    assert all(torch.equal(a.heat, b.heat) for a, b in zip(before.levels, after.levels, strict=True))


def test_tensors_that_nobody_knows_are_an_error(net, tmp_path):
    path = tmp_path / "odd.safetensors"
    save_weights(net, path, terms="test")
    header = read_metadata(path)
    tensors = load_file(path) | {"heads.2.out.weight": torch.ones(1)}
    save_file(tensors, path, metadata={"format": "streamseg-weights-1", "config": json.dumps(header.config)})
    with pytest.raises(ModelError, match=r"do not fit their own plan at 'heads\.2\.out\.weight'"):
        load_weights(path)
