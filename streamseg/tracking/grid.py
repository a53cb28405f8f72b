"""A grid over a picture: averages at its points, and numbers at only some of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import F32, U8

Indices = npt.NDArray[np.intp]
_AROUND = np.ones((3, 3), np.uint8)
_NO_WEIGHT = np.float32(1e-7)
_TENT = np.array([1, 2, 3, 2, 1], np.float32) / 9


@dataclass(frozen=True, slots=True)
class Points:
    """Some points of a grid of size_hw, by flat indices at [N] in rising order."""

    at: Indices
    size_hw: tuple[int, int]

    @classmethod
    def where(cls, chosen: U8) -> "Points":
        """Those of a grid (uint8 [h, w]) that are not 0."""
        return cls(np.flatnonzero(chosen != 0), (chosen.shape[0], chosen.shape[1]))

    def grown(self) -> "Points":
        """These and all next to one of them."""
        return Points.where(cv2.dilate(self._chosen(), _AROUND))

    def take(self, planes: Sequence[F32]) -> F32:
        """The numbers of planes [h, w] at these points: float32 [len(planes), N]."""
        taken = np.empty((len(planes), len(self.at)), np.float32)
        for row, plane in zip(taken, planes, strict=True):
            # all indices are good: to clip them is the quickest way to look at them
            plane.reshape(-1).take(self.at, out=row, mode="clip")
        return taken

    def spread(self, values: F32) -> F32:
        """A plane [h, w] with values [N] at these points and 0 elsewhere."""
        plane = np.zeros(self.size_hw, np.float32)
        plane.reshape(-1)[self.at] = values
        return plane

    def order_of(self, others: Indices) -> Indices:
        """Which of these points, by their order, others [M] (flat indices of the grid, all among them) are."""
        order = np.empty(self.size_hw, np.intp)
        order.reshape(-1)[self.at] = np.arange(len(self.at))
        return order.reshape(-1).take(others)

    def _chosen(self) -> U8:
        chosen = np.zeros(self.size_hw, np.uint8)
        chosen.reshape(-1)[self.at] = 1
        return chosen


def averages(image: U8, step: int) -> U8:
    """One pixel for every step x step of an image (uint8 [h, w] or [h, w, 3]); step divides its sides."""
    while step % 2 == 0:
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
        step //= 2
    if step > 1:
        image = cv2.blur(image, (step, step))[step // 2 :: step, step // 2 :: step]
    return image


def filled(image: U8, step: int) -> U8:
    """The image with its last row and column repeated until step divides its sides."""
    height, width = image.shape[:2]
    return cv2.copyMakeBorder(image, 0, -height % step, 0, -width % step, cv2.BORDER_REPLICATE)


def weighted_means(planes: Sequence[F32], weight: F32, wanted: Points) -> F32:
    """Means of 5x5 near some points by weight [h, w], the nearer the more: float32 [len(planes), N]."""
    sums = wanted.take([_spread(one) for one in (*(one * weight for one in planes), weight)])
    return sums[:-1] / np.maximum(sums[-1], _NO_WEIGHT)


def _spread(plane: F32) -> F32:
    return cv2.sepFilter2D(plane, -1, _TENT, _TENT, borderType=cv2.BORDER_REFLECT)
