import numpy as np

from streamseg.geometry import Box, SoftMask, mask_iou
from streamseg.tracking.stack import Stack, mask_ious
from tests.tracking.scenes import ellipse_mask


def random_masks(count: int, seed: int) -> list[SoftMask]:
    """Ellipses of many sizes, their alpha of many resolutions."""
    rng = np.random.default_rng(seed)
    boxes: list[Box] = []
    for x, y, w, h in np.hstack([rng.uniform(0, 60, (count, 2)), rng.uniform(8, 90, (count, 2))]).tolist():
        boxes.append((x, y, x + w, y + h))
    return [ellipse_mask(box, int(side)) for box, side in zip(boxes, rng.integers(5, 60, count), strict=True)]


def test_overlaps_are_those_of_one_pair_at_a_time() -> None:
    first, second = random_masks(12, 1), random_masks(9, 2)
    pairs = np.array([(i, j) for i in range(12) for j in range(9)])
    together = mask_ious(Stack.of(first), Stack.of(second), pairs)
    apart = [mask_iou(first[i], second[j], grid=64) for i, j in pairs]
    assert np.mean(apart) > 0.1
    np.testing.assert_allclose(together, apart, atol=0.12)
    assert np.abs(together - apart).mean() < 0.03


def test_a_mask_overlaps_itself_wholly_and_one_elsewhere_not_at_all() -> None:
    masks = Stack.of(
        [
            ellipse_mask((0, 0, 20, 40)),
            ellipse_mask((100, 0, 120, 40)),
            SoftMask(np.zeros((4, 4), np.uint8), (0, 0, 9, 9)),
        ]
    )
    np.testing.assert_array_equal(mask_ious(masks, masks, np.array([(0, 0), (0, 1), (2, 2)])), [1, 0, 0])


def test_samples_are_the_cells_they_lie_in_and_0_outside() -> None:
    cells = np.arange(1, 7, dtype=np.uint8).reshape(2, 3)
    masks = Stack.of(
        [SoftMask(np.full((5, 5), 9, np.uint8), (0.0, 0.0, 5.0, 5.0)), SoftMask(cells, (10.0, 20.0, 16.0, 24.0))]
    )
    x, y = np.array([[9.9, 10.1, 13.0, 15.9, 16.1]]), np.array([[19.0, 21.9, 22.1, 23.9, 25.0]])
    expected = [[0, 0, 0, 0, 0], [0, 1, 2, 3, 0], [0, 4, 5, 6, 0], [0, 4, 5, 6, 0], [0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(masks.sample(np.array([1]), x, y), [expected])


def test_no_masks_are_no_trouble() -> None:
    none = Stack.of([])
    assert mask_ious(none, none, np.zeros((0, 2), np.intp)).shape == (0,)
