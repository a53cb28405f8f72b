"""Bad weather in five strengths: fog and snow; uint8 [H, W, 3] RGB in and out.

Strengths of Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", sec. 3, as their code has them.
"""

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.evaluation.blurs import streak

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Generator = np.random.Generator


def fog(rgb: U8, strength: int, rng: Generator) -> U8:
    """Clouds of light laid over the picture, which keeps its brightest value."""
    thickness, decay = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))[strength - 1]
    height, width = rgb.shape[:2]
    side = 1 << max(1, (max(height, width) - 1).bit_length())
    clear = rgb / 255
    brightest = clear.max()
    misty = clear + thickness * _plasma(side, decay, rng)[:height, :width, None]
    return _to_bytes(misty * brightest / (brightest + thickness))


def snow(rgb: U8, strength: int, rng: Generator) -> U8:
    """Flakes that fall aslant, before a picture made paler."""
    mean, spread, zoom, least, radius, sigma, colour = (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    )[strength - 1]
    height, width = rgb.shape[:2]
    grains = rng.normal(mean, spread, (int(np.ceil(height / zoom)), int(np.ceil(width / zoom)))).astype(np.float32)
    flakes = cv2.resize(grains, (width, height), interpolation=cv2.INTER_LINEAR)
    flakes = np.clip(np.where(flakes < least, 0, flakes), 0, 1)
    flakes = cv2.filter2D(flakes, -1, streak(radius, sigma, rng.uniform(45, 135)))
    clear = rgb.astype(np.float32) / 255
    grey = cv2.cvtColor(clear, cv2.COLOR_RGB2GRAY)[..., None]
    pale = colour * clear + (1 - colour) * np.maximum(clear, grey * 1.5 + 0.5)
    return _to_bytes(pale + (flakes + flakes[::-1, ::-1])[..., None])


def _plasma(side: int, decay: float, rng: Generator) -> F64:
    """Clouds by the diamond-square method on a torus: [side, side], 0..1; side: a power of two.

    Fournier, Fussell and Carpenter 1982, "Computer Rendering of Stochastic Models". Each halving of the grid divides
    the disturbance by the square of decay.
    """
    height, step, amplitude = np.zeros((side, side)), side, 1.0
    while step >= 2:
        half = step // 2
        corner = height[::step, ::step]
        right, below = np.roll(corner, -1, 1), np.roll(corner, -1, 0)
        wild = rng.uniform(-amplitude, amplitude, (3, *corner.shape))
        middle = (corner + right + below + np.roll(below, -1, 1)) / 4 + wild[0]
        height[half::step, half::step] = middle
        height[::step, half::step] = (corner + right + middle + np.roll(middle, 1, 0)) / 4 + wild[1]
        height[half::step, ::step] = (corner + below + middle + np.roll(middle, 1, 1)) / 4 + wild[2]
        step, amplitude = half, amplitude / decay**2
    height -= height.min()
    return height / height.max()


def _to_bytes(unit: F32 | F64) -> U8:
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
