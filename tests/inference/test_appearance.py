"""What objects look like: shares of bins under a mask, by halves, the same in training and in a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from streamseg.inference.appearance import looks
from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.training.losses import _looks
from streamseg.training.scene import Scene, Thing
from streamseg.training.targets import make_batch

CONFIG = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, appearance=5)
BOX = np.array([[16.0, 8, 32, 40]], np.float32)
CELLS = np.array([[4, 2, 8, 10]])


def two_bins(rows_of_first):
    """A map of 12x12 cells whose first rows belong to bin 0 and the others to bin 1."""
    bins = np.zeros((12, 12, 2), np.float32)
    bins[:rows_of_first, :, 0] = 1
    bins[rows_of_first:, :, 1] = 1
    return bins


def test_halves_have_histograms_of_their_own():
    mask = np.ones((8, 4), bool)
    # rows 2 to 9: the first four are the upper half
    assert looks(two_bins(6), [mask], CELLS, BOX)[0] == pytest.approx([0.5**0.5, 0, 0, 0.5**0.5])
    assert looks(two_bins(0), [mask], CELLS, BOX)[0] == pytest.approx([0, 0.5**0.5, 0, 0.5**0.5])


def test_only_what_is_in_the_mask_counts():
    mask = np.zeros((8, 4), bool)
    mask[:4, :2] = True
    assert looks(two_bins(6), [mask], CELLS, BOX)[0].tolist() == [1, 0, 0, 0]


def test_likeness_is_the_bhattacharyya_coefficient():
    rng = np.random.default_rng(0)
    bins = rng.dirichlet(np.ones(3), (12, 12)).astype(np.float32)
    cells, boxes = np.array([[0, 0, 6, 6], [6, 6, 12, 12]]), np.array([[0.0, 0, 24, 24], [24, 24, 48, 48]], np.float32)
    one, other = looks(bins, [np.ones((6, 6), bool)] * 2, cells, boxes)
    # halves, rows of a half, columns, bins
    first, second = (part.reshape(2, 3, 6, 3).sum((1, 2)) / 36 for part in (bins[:6, :6], bins[6:, 6:]))
    assert one @ other == pytest.approx(np.sqrt(first * second).sum(), abs=1e-5)
    assert one @ one == pytest.approx(1, abs=1e-5)


def test_without_a_sure_cell_and_without_objects_there_is_nothing():
    assert not looks(two_bins(6), [np.zeros((8, 4), bool)], CELLS, BOX).any()
    assert looks(two_bins(6), [], np.zeros((0, 4), np.int64), np.zeros((0, 4), np.float32)).shape == (0, 4)


def test_training_pools_as_a_run_does():
    rng = np.random.default_rng(1)
    masks = np.zeros((3, 64, 64), np.uint8)
    masks[0, 8:40, 16:32], masks[1, 20:24, 4:60], masks[2, 40:64, 0:9] = 1, 1, 1
    boxes = [(16.0, 8.0, 32.0, 40.0), (4.0, 20.0, 60.0, 24.0), (0.0, 40.0, 9.0, 64.0)]
    things = [Thing(0, mask, box, 100, i) for i, (mask, box) in enumerate(zip(masks, boxes, strict=True))]
    empty = np.zeros((3, 64, 64), np.uint8)
    scenes = [Scene(np.zeros((64, 64, 3), np.uint8), part, empty + 1, empty) for part in (things[:1], things[1:])]
    bins = rng.dirichlet(np.ones(4), (2, 16, 16)).astype(np.float32)
    trained, seen = _looks(torch.from_numpy(bins).permute(0, 3, 1, 2), make_batch(scenes))
    assert seen.all()
    for i, (box, image) in enumerate(zip(boxes, (0, 1, 1), strict=True)):
        x0, y0, x1, y1 = cell = np.array([box[0] // 4, box[1] // 4, -(-box[2] // 4), -(-box[3] // 4)], int)
        rough = masks[i, 2::4, 2::4][y0:y1, x0:x1].astype(bool)
        run = looks(bins[image], [rough], cell[None], np.array([box], np.float32))
        assert run[0] == pytest.approx(trained[i].numpy(), abs=2e-3)


def test_the_network_sorts_every_cell_and_changes_nothing_else_by_it():
    torch.manual_seed(0)
    net, plain = DeconvNet(CONFIG).eval(), DeconvNet(replace(CONFIG, appearance=0)).eval()
    plain.load_state_dict({k: v for k, v in net.state_dict().items() if not k.startswith("appearance.")})
    view = torch.rand(2, 3, 64, 96) * 255
    with torch.no_grad():
        raw, without, alone = net(view), plain(view), net.look(view)
    assert raw.appearance.shape == (2, 5, 16, 24)
    assert torch.allclose(raw.appearance.sum(1), torch.ones(2, 16, 24), atol=1e-5)
    assert torch.equal(alone, raw.appearance)
    assert without.appearance is None and plain.look(view) is None
    assert torch.equal(raw.prototypes, without.prototypes)
    for one, other in zip(raw.levels, without.levels, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
