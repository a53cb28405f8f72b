"""Short sequences of one object with exact alpha and colours: composites of stills.

An object's own mask is no truth at its border, where it holds old background: it is eroded by 2 px, and the picture is
halved. Strands and blur by motion as in mattes_scenes.py.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.training.dataset import Dataset, Picture
from tests.bench.mattes_scenes import CELLS, SHOTS, U8, Clip, Layer, Shot, add_strands, mean_layer


def composite_sequences(objects: Dataset, canvases: Dataset, count: int, *, seed: int) -> Iterator[Clip]:
    """Objects of single-object pictures over other pictures: eroded by 2 px and halved, so that alpha is known."""
    rng = np.random.default_rng([seed, 23])
    order = rng.permutation(len(objects.pictures))
    made = 0
    for i in order:
        layer = _halved_object(objects.pictures[i])
        if layer is None:
            continue
        lines = 720 if made % 2 == 0 else 1080
        still, blurred, hairy = made % 4 == 0, made % 3 == 2, made % 4 != 3
        if hairy:
            ys, xs = np.nonzero(layer.alpha > 0.9)
            top = np.quantile(ys, 0.12)
            centre = float(xs[ys <= top].mean()), float(top)
            angles = rng.uniform(-1.1 * np.pi, 0.1 * np.pi, 110).astype(np.float32)
            add_strands(layer, centre, angles, length_px=rng.uniform(8, 18), seed=int(i))
        canvas = canvases.pictures[int(rng.integers(len(canvases.pictures)))]
        step = np.zeros(2) if still else rng.uniform(-5, 5, 2)
        shots = composite_shots(layer, canvas.rgb(), step, blurred=blurred and not still, seed=int(i))
        traits = frozenset(
            name for name, has in (("still", still), ("motion", blurred and not still), ("hair", hairy)) if has
        )
        yield Clip(f"composite-{lines}-{objects.name}-{i}", "composite", CELLS[lines], shots, traits)
        made += 1
        if made == count:
            return


def _halved_object(picture: Picture) -> Layer | None:
    """The one object of a picture if it lies within it, in the middle of a canvas with room around it."""
    marked = [one for one in picture.annotations() if one.mask is not None and not one.crowd]
    if not marked:
        return None
    one = max(marked, key=lambda a: float(a.mask.sum()) if a.mask is not None else 0.0)
    assert one.mask is not None
    mask = cv2.erode(one.mask, np.ones((5, 5), np.uint8), borderValue=0).astype(np.float32)
    ys, xs = np.nonzero(mask)
    if len(ys) < 4000 or np.ptp(ys) < 160:
        return None
    rgba = np.dstack([picture.rgb() * mask[:, :, None], mask])[
        ys.min() & ~1 : ys.max() + 2, xs.min() & ~1 : xs.max() + 2
    ]
    rgba = cv2.copyMakeBorder(rgba, 0, rgba.shape[0] % 2, 0, rgba.shape[1] % 2, cv2.BORDER_CONSTANT)
    half = cv2.resize(rgba, (rgba.shape[1] // 2, rgba.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return Layer(cv2.copyMakeBorder(half, 30, 30, 30, 30, cv2.BORDER_CONSTANT).astype(np.float32))


def composite_shots(
    layer: Layer,
    canvas: U8,
    step: npt.NDArray[np.float64],
    *,
    blurred: bool,
    seed: int,
    soft_px: Sequence[float] = (0.0, 0.5, 0.9),
    count: int = SHOTS,
) -> tuple[Shot, ...]:
    """A layer that moves by step (x, y) a frame before canvas (uint8 [h, w, 3]), with a sensor's noise.

    Its edge is softened by one of soft_px.
    """
    rng = np.random.default_rng([seed, 24])
    height, width = ((side + 20) // 20 * 20 for side in layer.alpha.shape)
    behind = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    soft = float(rng.choice(soft_px))
    if soft:
        layer = Layer(cv2.GaussianBlur(layer.rgba, (0, 0), soft))
    start, sigma = rng.uniform(0, 10, 2) - step * 1.5, float(rng.uniform(1, 4))
    shots = []
    for k in range(count):
        moments = np.arange(6) / 10 if blurred else np.zeros(1)
        size = int(height), int(width)
        way = step * (1.5 if blurred else 1)
        seen = mean_layer([layer.moved(*(start + way * (k + m)), size) for m in moments])
        noise = cv2.GaussianBlur(rng.normal(0, 1, (*size, 3)).astype(np.float32), (0, 0), 0.5) * sigma * 1.6
        rgb = np.clip(np.rint(seen.over(behind) + noise), 0, 255).astype(np.uint8)
        shots.append(Shot(rgb, seen.alpha.copy(), seen.colours()))
    return tuple(shots)
