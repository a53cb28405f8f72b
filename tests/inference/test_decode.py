import numpy as np
import pytest
import torch

from streamseg.geometry import Letterbox
from streamseg.inference.decode import decode
from streamseg.inference.mixing import THIN_BIAS, mix_masks
from streamseg.inference.strides import MASK_STRIDE
from streamseg.training.losses import _position_terms

VIEW = (96, 160)


def outputs():
    """An empty answer of the network for a 96x160 view: two levels and three prototypes."""
    levels = []
    for stride in (8, 16):
        cells = VIEW[0] // stride, VIEW[1] // stride
        levels += [np.zeros((n, *cells), np.float32) for n in (3, 4, 3 + 6)]
    prototypes = np.full((3, VIEW[0] // 2, VIEW[1] // 2), -6, np.float32)
    return [*levels, prototypes]


def put(out, level, cell, label, score, distances, prototype):
    heat, box, mix = out[3 * level : 3 * level + 3]
    heat[label, *cell], box[:, *cell] = score, distances
    mix[prototype, *cell] = 1


def run(out, **options):
    fit = Letterbox.fit((0, 0, 320, 192), VIEW)
    *maps, prototypes = out[6:]
    kinds, height, width = prototypes.shape
    blocks = prototypes.reshape(kinds, height // 2, 2, width // 2, 2).transpose(1, 3, 2, 4, 0)
    out = [*out[:6], *(np.moveaxis(cells, 0, 2) for cells in maps), blocks.reshape(height // 2, width // 2, -1)]
    return decode(out, fit, **({"floor": 0.1, "most": 10} | options))


def test_one_object_lands_in_frame_pixels():
    out = outputs()
    out[-1][0, 12:28, 20:40] = 6
    # cell (4, 7) of stride 8 is the view point (60, 36): the box is 40..80 x 24..56 there, twice that in the frame
    put(out, 0, (4, 7), 1, 0.9, (20, 12, 20, 20), 0)
    found = run(out)
    assert found.labels.tolist() == [1]
    assert found.boxes[0].tolist() == pytest.approx([80, 48, 160, 112])
    assert found.scores[0] == pytest.approx(0.9, abs=0.01)
    mask = found.masks[0].on((0, 0, 320, 192)) > 127
    ys, xs = np.nonzero(mask)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == pytest.approx((80, 160, 48, 112), abs=1)


def test_appearance_is_read_under_the_mask_and_has_unit_length():
    out = outputs()
    out[-1][0, 12:28, 20:40] = 6
    put(out, 0, (4, 7), 1, 0.9, (20, 12, 20, 20), 0)
    bins = np.zeros((2, VIEW[0] // 4, VIEW[1] // 4), np.float32)
    bins[0] = 1
    # the mask lies on rows 6 to 13 and columns 10 to 19 of the cells; the lower half is of another kind
    bins[:, 10:14, 10:20] = np.array([0, 1])[:, None, None]
    with_bins = [*out[:-1], bins, out[-1]]
    found, plain = run(with_bins), run(out)
    assert found.appearance.tolist() == [pytest.approx([0.5**0.5, 0, 0, 0.5**0.5])]
    assert plain.appearance is None
    assert found.boxes.tolist() == plain.boxes.tolist() and np.array_equal(found.masks[0].alpha, plain.masks[0].alpha)
    assert run(with_bins, floor=0.95).appearance is None, "nothing is found"


def test_the_same_object_on_both_levels_is_one():
    out = outputs()
    out[-1][0, 12:28, 20:40] = 6
    put(out, 0, (4, 7), 1, 0.6, (20, 12, 20, 20), 0)
    put(out, 1, (2, 3), 1, 0.8, (16, 16, 24, 16), 0)
    found = run(out)
    assert len(found) == 1 and found.scores[0] == pytest.approx(0.8, abs=0.01)


def test_neighbours_with_masks_of_their_own_stay_two():
    out = outputs()
    out[-1][0, 12:28, 20:30] = 6
    out[-1][1, 12:28, 30:40] = 6
    put(out, 0, (4, 6), 1, 0.7, (12, 12, 28, 20), 0)
    put(out, 0, (4, 8), 1, 0.6, (28, 12, 12, 20), 1)
    assert len(run(out)) == 2


def test_limits():
    out = outputs()
    out[-1][:] = 6
    rng = np.random.default_rng(0)
    out[0][:] = rng.random(out[0].shape) * 0.9
    out[1][:] = 3
    out[2][:3] = 1
    assert len(run(out, most=5)) <= 5
    assert run(out, floor=0.5, most=400).scores.min() >= 0.5
    assert len(run(out, floor=0.95)) == 0


def test_boxes_never_leave_the_frame():
    out = outputs()
    out[-1][0] = 6
    put(out, 0, (0, 0), 0, 0.9, (500, 500, 500, 500), 0)
    assert run(out).boxes[0].tolist() == pytest.approx([0, 0, 320, 192])


def test_position_splits_twins_that_share_a_prototype():
    out = outputs()
    out[-1][0, 12:28, 20:40] = 6
    # both see the whole double object; each leans to its own side
    put(out, 0, (4, 6), 1, 0.7, (12, 12, 28, 20), 0)
    put(out, 0, (4, 8), 1, 0.6, (28, 12, 12, 20), 0)
    out[2][3] = -6
    out[2][4, 4, 6], out[2][4, 4, 8] = -20, 20
    left, right = (mask.on((0, 0, 320, 192)) > 127 for mask in run(out).masks)
    # one column of cells at the seam may be in doubt
    assert np.count_nonzero((left & right).any(0)) <= 4
    assert np.nonzero(left)[1].max() < np.nonzero(right)[1].min() + 4


def test_training_and_decoding_place_a_mask_alike():
    box, mix = np.array([13.0, 9.0, 71.0, 60.0], np.float32), np.array([0.3, -1, 0.5, -2, -1, 0.7], np.float32)
    nothing = np.zeros((24, 40, 2, 2, 1), np.float32)
    masks = mix_masks(nothing, np.append(np.float32(5), mix)[None], box[None] / MASK_STRIDE)
    (found,) = masks.split(masks.values)
    assert masks.cells.tolist() == [[6, 4, 36, 30]]
    y, x = (
        (c.flatten() + 0.5) * MASK_STRIDE
        for c in torch.meshgrid(torch.arange(4, 30), torch.arange(6, 36), indexing="ij")
    )
    wanted = torch.einsum("t,tp->p", torch.tensor(mix), _position_terms(torch.tensor(box)[None], y[None], x[None])[0])
    assert np.allclose(found.ravel(), (wanted + THIN_BIAS).sigmoid(), atol=1e-5)


def test_many_masks_mixed_at_once_are_those_mixed_one_by_one():
    rng = np.random.default_rng(0)
    prototypes, mix = rng.normal(0, 2, (100, 150, 2, 2, 5)), rng.normal(0, 1, (12, 5 + 6))
    corners = rng.uniform(0, 1, (12, 2, 2)) * (300, 200)
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1)
    boxes[3], boxes[7], boxes[9] = (0, 0, 300, 200), (-3, 199.5, 0.2, 200), (299.9, 50, 300, 50.1)
    prototypes, mix, boxes = (array.astype(np.float32) for array in (prototypes, mix, boxes))
    together = mix_masks(prototypes, mix, boxes)
    assert together.starts[-1] > 100_000, "more than is mixed at a time"
    for i, mask in enumerate(together.split(together.values)):
        alone = mix_masks(prototypes, mix[i : i + 1], boxes[i : i + 1])
        assert np.array_equal(mask, alone.split(alone.values)[0])
        x0, y0, x1, y1 = alone.cells[0]
        assert mask.shape == (y1 - y0, x1 - x0) and mask.size
        inside = mask[mask > 0.5]
        assert together.certainty()[i] == pytest.approx(inside.mean() if inside.size else 0.0, abs=1e-5)


def test_blocks_of_cells_lie_where_single_cells_would():
    rng = np.random.default_rng(1)
    cells, mix = rng.normal(0, 2, (40, 60, 3)).astype(np.float32), rng.normal(0, 1, (6, 3 + 6)).astype(np.float32)
    blocks = cells.reshape(20, 2, 30, 2, 3).swapaxes(1, 2)
    boxes = np.array([[0, 0, 60, 40], [1, 1, 8, 9], [7, 3, 8, 4], [59, 39, 60, 40], [2.5, 3.5, 9.5, 8], [0, 5, 3, 6]])
    one, other = (mix_masks(each, mix, boxes.astype(np.float32)) for each in (cells[:, :, None, None], blocks))
    assert np.array_equal(one.cells, other.cells)
    assert np.allclose(one.values, other.values, atol=1e-6)
