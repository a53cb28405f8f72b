"""The device's targets against those that training/targets.py makes of the very same scenes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.inference.strides import STRIDES
from streamseg.training.device.batches import make_batch
from streamseg.training.device.plan import draw_plan
from streamseg.training.device.scenes import compose
from streamseg.training.device.targets import targets
from streamseg.training.device.things import things_of
from streamseg.training.losses import loss_terms
from streamseg.training.targets import make_batch as host_batch
from tests.training.device_scenes import SIDE, blobs, chance, host_scene, made, on_device, options, still

CASES = {
    "objects alone": {},
    "classes that are not complete": {"info": {"labelled": ["vehicle"]}},
    "crowds": {"crowds": (1, 2, 4, 8)},
    "boxes without masks": {"boxes_only": (0, 3, 5, 6)},
}


@pytest.fixture(params=CASES, ids=lambda name: name.replace(" ", "-"))
def both(tmp_path, request):
    """The device's batch and the host's, objects in the device's order."""
    data = on_device(blobs(tmp_path, images=12, size_hw=(150, 200), **CASES[request.param]), paste_px=(16, 120))
    scenes, things = made(data, 24, zoom=(0.7, 3.5), paste_px=(16, 120), copy_paste=0.6)
    batch = targets(scenes, things, scenes.rgb.round().byte(), None)
    host = host_batch([host_scene(scenes, things, i) for i in range(24)])
    return batch, host


def order(batch):
    """Objects, sorted by what tells them apart."""
    rows = torch.column_stack([batch.image, batch.has_mask, batch.box, batch.identity])
    return np.lexsort(rows.double().numpy().T)


def test_objects_are_the_same(both):
    batch, host = both
    mine, theirs = order(batch), order(host)
    for name in ("image", "level", "cell", "box", "mask", "has_mask", "identity"):
        assert torch.equal(getattr(batch, name)[mine], getattr(host, name)[theirs]), name
        assert getattr(batch, name).dtype == getattr(host, name).dtype, name


def test_heat_is_the_same(both):
    batch, host = both
    for heat, wanted in zip(batch.heat, host.heat, strict=True):
        assert heat.dtype == wanted.dtype
        assert torch.allclose(heat, wanted, atol=1e-5)


def test_weights_are_the_same(both):
    batch, host = both
    for level in range(len(STRIDES)):
        wanted = host.weight[level].clone()
        # the host lets an object near the split hide the centre of one that came before it; here centres always count
        for n in (host.level == level).nonzero()[:, 0]:
            hot = host.heat[level][host.image[n], :, host.cell[n, 0], host.cell[n, 1]] == 1
            wanted[host.image[n], hot, host.cell[n, 0], host.cell[n, 1]] = 1
        assert torch.equal(batch.weight[level], wanted)


def test_class_regions_are_the_same(both):
    batch, host = both
    assert torch.equal(batch.semantic, host.semantic)
    assert torch.equal(batch.semantic_weight, host.semantic_weight)


def test_cases_hold_what_they_are_for(both):
    batch, _ = both
    assert set(batch.level.tolist()) == {0, 1}
    # no negatives: crowds, classes that are not complete, hidden objects, sizes near the split
    assert all((weight == 0).any() and (weight == 1).any() for weight in batch.weight)


def test_boxes_without_masks_hide_their_class_regions(tmp_path):
    data = on_device(blobs(tmp_path, boxes_only=(0,)))
    scenes = compose(data, still(data), SIDE)
    batch = targets(scenes, things_of(scenes), scenes.rgb.byte(), None)
    index = int((~batch.has_mask).nonzero())
    x0, y0, x1, y1 = (batch.box[index] / 4).long().tolist()
    label = data.boxes[0][0, 0].astype(int)
    assert not batch.mask[index].any()
    assert not batch.semantic_weight[0, label, y0 + 1 : y1, x0 + 1 : x1].any()
    assert batch.semantic_weight[0, [c for c in range(3) if c != label]].all()


def test_unmarked_objects_of_incomplete_classes_are_no_negatives(tmp_path):
    data = on_device(blobs(tmp_path, info={"labelled": ["vehicle"]}))
    scenes = compose(data, still(data), SIDE)
    weight = targets(scenes, things_of(scenes), scenes.rgb.byte(), None).weight[0][0]
    person, vehicle, animal = weight.bool()
    inside = F.avg_pool2d((scenes.shown > 0)[None].float(), STRIDES[0])[0, 0] == 1
    assert vehicle.all() and not person.all() and not animal.all()
    assert person[inside].all(), "inside a marked object it is known to be nothing else"


def test_a_batch_goes_through_the_losses(tmp_path):
    data, settings = on_device(blobs(tmp_path)), options()
    draw = chance()
    batch = make_batch(data, draw_plan(data, settings, 4, 0.5, draw.host), settings, draw)
    net = DeconvNet(NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, motion=True))
    terms = loss_terms(net(batch.view.float(), batch.motion.float()), batch)
    assert all(torch.isfinite(term) for term in terms.values())
    terms["mask"].backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
