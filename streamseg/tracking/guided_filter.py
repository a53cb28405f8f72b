"""The lines of a guided filter with a colour guide, by which a picture is locally linear in the guide's colours.

Source: He, Sun, Tang, "Guided Image Filtering", PAMI 2013, section 3.5, equations 14 to 16.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from streamseg.geometry import F32


def fit_planes(colours: Sequence[F32], target: F32, radius: int, epsilon: float) -> list[F32]:
    """Ridge regression of target [h, w] on three planes [h, w] (0..1) in every square window, means over the windows.

    epsilon is the variance of colours below which they count as flat. Gives the slope in each plane, and the offset.
    """

    def mean(plane: F32) -> F32:
        return cv2.blur(plane, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    means, target_mean = [mean(one) for one in colours], mean(target)
    cross = [mean(one * target) - own * target_mean for one, own in zip(colours, means, strict=True)]
    # six different entries of the symmetric covariance: rr, gg, bb, rg, gb, br
    square = [mean(one * one) - own * own + np.float32(epsilon) for one, own in zip(colours, means, strict=True)]
    mixed = [mean(colours[i] * colours[j]) - means[i] * means[j] for i, j in ((0, 1), (1, 2), (2, 0))]
    slope = _solve(square, mixed, cross)
    offset = target_mean - slope[0] * means[0] - slope[1] * means[1] - slope[2] * means[2]
    return [mean(one) for one in (*slope, offset)]


def _solve(square: Sequence[F32], mixed: Sequence[F32], right: Sequence[F32]) -> list[F32]:
    """Solve the symmetric 3x3 systems with diagonal square (rr, gg, bb) and rest mixed (rg, gb, br), by cofactors."""
    rr, gg, bb = square
    rg, gb, br = mixed
    c_rr, c_gg, c_bb = gg * bb - gb * gb, rr * bb - br * br, rr * gg - rg * rg
    c_rg, c_gb, c_br = gb * br - rg * bb, rg * br - rr * gb, rg * gb - gg * br
    x, y, z = right
    scale = np.float32(1) / (rr * c_rr + rg * c_rg + br * c_br)
    adjoint = c_rr * x + c_rg * y + c_br * z, c_rg * x + c_gg * y + c_gb * z, c_br * x + c_gb * y + c_bb * z
    return [one * scale for one in adjoint]
