"""What only a GPU would show, shown without one: tensors on another device, and waits for the device."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from streamseg.training.device import chance as chance_file
from streamseg.training.device.batches import load_for, make_batch
from streamseg.training.device.plan import draw_plan
from tests.training.device_scenes import blobs, chance, on_device, options

META = torch.device("meta")
FOUND = 10


class Waits(TorchDispatchMode):
    """Counts what would make the host wait for the device."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        masks = [index for index in args[1] if index is not None] if name in ("index", "index_put_") else []
        if name in ("nonzero", "_local_scalar_dense", "masked_select") or any(m.dtype == torch.bool for m in masks):
            self.names.append(name)
        return function(*args, **(kwargs or {}))


def test_the_device_is_waited_for_once_a_batch(tmp_path):
    data, settings, draw = on_device(blobs(tmp_path, boxes_only=(0,))), options(), chance()
    plan = draw_plan(data, settings, 8, 0.25, draw.host)
    with Waits() as waits:
        make_batch(data, plan, settings, draw)
    assert waits.names == ["nonzero"]


class MetaChance(chance_file.Chance):
    """Draws nothing in the place of what the device draws."""

    def even(self, *shape):
        return torch.empty(shape, device=META)

    normal = even

    def put(self, values):
        return chance_file.put(values, META)


class _Found:
    """Scenes and names."""

    def numpy(self):
        return np.stack([np.sort(np.arange(FOUND) % 8), np.arange(FOUND)])


@pytest.fixture
def without_values(monkeypatch):
    """The meta device has shapes and no values: how many objects there are and in which scenes is made up."""

    def found(tensor, *, as_tuple):
        return tuple(torch.empty(FOUND, dtype=torch.int64, device=tensor.device) for _ in range(tensor.ndim))

    monkeypatch.setattr(torch.Tensor, "nonzero", found)
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: _Found())


def test_all_is_made_where_the_data_lies(tmp_path, without_values):
    dataset, settings = blobs(tmp_path, images=12, boxes_only=(0, 3)), options()
    data = load_for([(dataset, 1.0)], settings, META)
    draw = MetaChance(np.random.default_rng(0), torch.Generator())
    # every operation on tensors of two devices is refused, as on a GPU
    batch = make_batch(data, draw_plan(data, settings, 8, 0.25, draw.host), settings, draw)
    tensors = [getattr(batch, name) for name in batch.__slots__]
    assert all(t.device == META for value in tensors for t in (value if isinstance(value, tuple) else (value,)))
    assert len(batch.image) >= FOUND and batch.motion.shape == (8, 32, 32)
