"""The street's fixed camera: world metres to picture pixels and back.

The world: s runs along the street, t across it away from the camera, z up, all in metres; the camera hangs at
(0, 0, height). It only turns (yaw) and shifts its horizon, as an architect's lens does, so that verticals stay upright.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole at (0, 0, height_m); yaw in radians from the t axis towards +s; horizon_px is its row."""

    size_hw: tuple[int, int]
    focal_px: float
    horizon_px: float
    height_m: float
    yaw: float

    def depth(self, s: npt.ArrayLike, t: npt.ArrayLike) -> F32:
        """Metres in front of the camera, along its axis."""
        return np.asarray(np.asarray(s) * np.sin(self.yaw) + np.asarray(t) * np.cos(self.yaw), np.float32)

    def project(self, points: F32) -> F32:
        """World points [..., 3] to [..., 3]: x and y in pixels, depth in metres (at least 0.5)."""
        sine, cosine = np.float32(np.sin(self.yaw)), np.float32(np.cos(self.yaw))
        depth = np.maximum(points[..., 0] * sine + points[..., 1] * cosine, np.float32(0.5))
        zoom = np.float32(self.focal_px) / depth
        out = np.empty_like(points)
        out[..., 0] = self.size_hw[1] / 2 + (points[..., 0] * cosine - points[..., 1] * sine) * zoom
        out[..., 1] = self.horizon_px + (self.height_m - points[..., 2]) * zoom
        out[..., 2] = depth
        return out

    def ground(self) -> tuple[F32, F32, F32]:
        """s, t and depth of the ground under every pixel's centre: float32 [H, W]; inf deep above the horizon."""
        height, width = self.size_hw
        below = np.arange(height, dtype=np.float32)[:, None] + 0.5 - self.horizon_px
        depth = np.where(below > 0.5, self.focal_px * self.height_m / np.maximum(below, 0.5), np.inf)
        right = (np.arange(width, dtype=np.float32)[None] + 0.5 - width / 2) / self.focal_px
        safe = np.minimum(depth, 1e5)
        s = safe * (np.sin(self.yaw) + right * np.cos(self.yaw))
        t = safe * (np.cos(self.yaw) - right * np.sin(self.yaw))
        return s.astype(np.float32), t.astype(np.float32), np.broadcast_to(depth, (height, width)).astype(np.float32)

    def at(self, s: float, t: float, z: float = 0.0) -> tuple[float, float]:
        """Pixel of one world point."""
        x, y, _ = self.project(np.array([s, t, z], np.float32))
        return float(x), float(y)

    def scale(self, s: float, t: float) -> float:
        """Pixels a metre spans at a place on the ground."""
        return self.focal_px / max(0.5, float(self.depth(s, t)))
