"""What device scenes are drawn from: a few numbers of each scene on the host, fields of noise on the device.

A scene is placed and lit by some dozens of numbers. Drawn on the host, they need no kernels, the host knows how many
scenes an effect touches without waiting for the device, and the same seed places the same scenes on every device.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chance:
    """host: draws what is decided once a scene; pixels: draws, on its device, what differs from pixel to pixel."""

    host: np.random.Generator
    pixels: torch.Generator

    @classmethod
    def of(cls, seed: int, seen: int, device: torch.device) -> "Chance":
        """What a run draws from that goes on after `seen` scenes."""
        host = np.random.default_rng((seed, seen))
        return cls(host, torch.Generator(device).manual_seed(int(host.integers(2**62))))

    def put(self, values: npt.NDArray[np.generic]) -> Tensor:
        """The host's values on the device, which is not waited for."""
        return put(values, self.pixels.device)

    def some(self, count: int, share: float) -> I64:
        """Which of count are chosen, each with the probability share: int64 [n], ascending."""
        return np.flatnonzero(self.host.random(count) < share)

    def each(self, low: float, high: float, count: int) -> Tensor:
        """A number for each of count maps, drawn evenly: float32 [count, 1, 1] on the device."""
        return self.put(self.host.uniform(low, high, (count, 1, 1)).astype(np.float32))

    def even(self, *shape: int) -> Tensor:
        """Numbers of 0 to 1, drawn on the device."""
        return torch.rand(shape, generator=self.pixels, device=self.pixels.device)

    def normal(self, *shape: int) -> Tensor:
        """Numbers of mean 0 and standard deviation 1, drawn on the device."""
        return torch.randn(shape, generator=self.pixels, device=self.pixels.device)


def put(values: npt.NDArray[np.generic], device: torch.device) -> Tensor:
    """An array as a tensor on a device; from pinned memory, as a copy from other memory waits for the device."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    if device.type != "cuda" or not tensor.numel():
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
