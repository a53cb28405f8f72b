"""Draws a solid as a sprite: premultiplied colour and exact alpha by supersampling, and its shadow on the ground.

Painter's algorithm: faces that look at the camera, far to near, filled on a canvas several times finer than the
picture, then averaged down.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street.camera import Camera
from streamseg.capture.street.light import Light
from streamseg.capture.street.solid import Solid, cross, unit

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
_SHIFT = 4
_OUTLINE_PX = 160
"""Longer side of the picture in which an outline is measured that reaches beyond the frame."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """rgb: uint8 [h, w, 3] already multiplied by alpha; alpha: uint8 [h, w]; offset: x, y of its first pixel."""

    rgb: U8
    alpha: U8
    offset: tuple[int, int]


def _window(xy: F32, size_hw: tuple[int, int]) -> tuple[int, int, int, int] | None:
    low = np.floor([xy[:, 0].min(), xy[:, 1].min()]) - 1
    high = np.ceil([xy[:, 0].max(), xy[:, 1].max()]) + 1
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(size_hw[1], int(high[0])), min(size_hw[0], int(high[1]))
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else None


def _fixed(xy: F32, origin: tuple[int, int], fine: float) -> I32:
    # OpenCV counts from the centre of the first pixel
    moved = (xy - np.asarray(origin, np.float32)) * np.float32(fine) - np.float32(0.5)
    return np.clip(np.rint(moved * (1 << _SHIFT)), -(1 << 22), 1 << 22).astype(np.int32)


def fineness(height_px: float) -> int:
    """Samples a pixel's side is divided into: more for small sprites, where they cost little."""
    return 4 if height_px < 90 else 3 if height_px < 200 else 2


def draw(solid: Solid, camera: Camera, light: Light, *, sunlit: float = 1.0) -> Sprite | None:
    """The solid as the camera sees it; None when it lies outside of the picture."""
    seen = camera.project(solid.quads)
    xy = np.ascontiguousarray(seen[..., :2])
    window = _window(xy.reshape(-1, 2), camera.size_hw)
    if window is None or float(seen[..., 2].min()) <= 0.6:
        return None
    # faces turned to the camera run clockwise on the screen, whose y points down
    first, second = xy[:, 2] - xy[:, 0], xy[:, 3] - xy[:, 1]
    keep = np.flatnonzero(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < -0.02)
    if not len(keep):
        return None
    colours = _colours(solid, keep, camera, light, sunlit)
    order = np.argsort(solid.bias[keep] - seen[keep, :, 2].sum(1) / 4, kind="stable")
    x0, y0, x1, y1 = window
    fine = fineness(y1 - y0)
    canvas = np.zeros(((y1 - y0) * fine, (x1 - x0) * fine, 4), np.uint8)
    corners = _fixed(xy[keep[order]], (x0, y0), fine)
    for face, colour in zip(corners, colours[order].tolist(), strict=True):
        cv2.fillConvexPoly(canvas, face, colour, cv2.LINE_8, _SHIFT)
    small = cv2.resize(canvas, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return Sprite(np.ascontiguousarray(small[..., :3]), np.ascontiguousarray(small[..., 3]), (x0, y0))


def within(solid: Solid, camera: Camera, edge_px: int = 0) -> float:
    """How much of a solid's outline lies inside the picture less edge_px a side, whatever hides it there: 0..1."""
    xy = camera.project(solid.quads)[..., :2]
    low, high = xy.reshape(-1, 2).min(0), xy.reshape(-1, 2).max(0)
    height, width = camera.size_hw
    if low.min() >= edge_px and high[0] <= width - edge_px and high[1] <= height - edge_px:
        return 1.0
    fine = _OUTLINE_PX / max(float((high - low).max()), 1.0)
    origin = int(np.floor(low[0])), int(np.floor(low[1]))
    canvas = np.zeros([int(np.ceil(side * fine)) + 2 for side in (high - low)[::-1]], np.uint8)
    for face in _fixed(np.ascontiguousarray(xy), origin, fine):
        cv2.fillConvexPoly(canvas, face, 1, cv2.LINE_8, _SHIFT)
    sides = edge_px - origin[0], edge_px - origin[1], width - edge_px - origin[0], height - edge_px - origin[1]
    left, top, right, bottom = (round(max(0.0, side * fine)) for side in sides)
    return cv2.countNonZero(canvas[top:bottom, left:right]) / max(1, cv2.countNonZero(canvas))


def _colours(solid: Solid, keep: npt.NDArray[np.intp], camera: Camera, light: Light, sunlit: float) -> F32:
    quads, albedo = solid.quads[keep], solid.albedo[keep]
    normals = unit(cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]))
    lit = light.shade(normals, albedo, sunlit)
    gloss = solid.gloss[keep][:, None]
    if gloss.any():
        views = unit(quads.mean(1) - np.array([0, 0, camera.height_m], np.float32))
        # Schlick's approximation of Fresnel: edges mirror more
        mirror = gloss * (0.25 + 0.75 * (1 - np.abs((views * normals).sum(-1, keepdims=True))) ** 3)
        lit = lit * (1 - mirror) + light.mirror(views, normals) * mirror
        half = unit(np.asarray(light.sun, np.float32) - views)
        spark = np.clip((normals * half).sum(-1, keepdims=True), 0, 1) ** 90 * np.float32(sunlit)
        lit = lit + np.asarray(light.sun_rgb, np.float32) * spark * gloss * 0.9
    glow = solid.glow[keep][:, None]
    lit = lit * (1 - glow) + albedo * glow
    haze = light.fade(float(camera.depth(quads[..., 0].mean(), quads[..., 1].mean())))
    lit = lit * (1 - haze) + np.asarray(light.haze, np.float32) * haze
    out = np.full((len(keep), 4), 255, np.float32)
    out[:, :3] = np.clip(lit * 255, 0, 255)
    return out


def shadow(solid: Solid, camera: Camera, light: Light) -> Sprite | None:
    """Where the solid keeps the sun from the ground: alpha 0..255 at half resolution, upsampled and softened."""
    slope = np.asarray(light.sun[:2], np.float32) / np.float32(max(light.sun[2], 0.12))
    facing = cross(solid.quads[:, 2] - solid.quads[:, 0], solid.quads[:, 3] - solid.quads[:, 1])
    ground = solid.quads[facing @ np.asarray(light.sun, np.float32) > 0]
    if not len(ground):
        return None
    ground[..., :2] -= ground[..., 2:3] * slope
    ground[..., 2] = 0
    seen = camera.project(ground)
    window = _window(seen[..., :2].reshape(-1, 2), camera.size_hw)
    if window is None or float(seen[..., 2].min()) <= 0.6:
        return None
    x0, y0, x1, y1 = window
    reach = 3
    x0, y0, x1, y1 = max(0, x0 - reach), max(0, y0 - reach), min(camera.size_hw[1], x1 + reach), y1 + reach
    y1 = min(camera.size_hw[0], y1)
    alpha = np.zeros(((y1 - y0 + 1) // 2, (x1 - x0 + 1) // 2), np.uint8)
    for face in _fixed(seen[..., :2], (x0, y0), 0.5):
        cv2.fillConvexPoly(alpha, face, 255, cv2.LINE_8, _SHIFT)
    alpha = cv2.resize(cv2.blur(alpha, (3, 3)), (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    return Sprite(np.zeros((0, 0, 3), np.uint8), alpha, (x0, y0))


def beam(camera: Camera, s: float, t: float, heading: float) -> Sprite | None:
    """The pool of light before a vehicle whose front stands at s, t: alpha 0..255."""
    way = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-way[1], way[0]])
    near, far = np.array([s, t]) + way * 0.3, np.array([s, t]) + way * 7.5
    outline = np.stack(
        [near - across * 0.7, far - across * 1.7, far + way * 0.8, far + across * 1.7, near + across * 0.7]
    )
    pool = contact(camera, outline.astype(np.float32))
    if pool is None:
        return None
    pixels = camera.project(np.array([[*near, 0], [*far, 0]], np.float32))[:, :2]
    rows, columns = np.mgrid[: pool.alpha.shape[0], : pool.alpha.shape[1]].astype(np.float32)
    line = pixels[1] - pixels[0]
    along = (
        (columns + pool.offset[0] - pixels[0, 0]) * line[0] + (rows + pool.offset[1] - pixels[0, 1]) * line[1]
    ) / max(1.0, float(line @ line))
    faded = pool.alpha * np.clip(1 - along, 0, 1) ** 1.3
    return Sprite(pool.rgb, faded.astype(np.uint8), pool.offset)


def contact(camera: Camera, outline: F32) -> Sprite | None:
    """The soft dark under a thing that stands on outline [K, 2] (s, t on the ground): alpha 0..255."""
    points = np.concatenate([outline, np.zeros((len(outline), 1), np.float32)], axis=1).astype(np.float32)
    seen = camera.project(points)
    spread = max(2.0, 0.06 * camera.focal_px / float(seen[:, 2].mean()))
    grown = np.concatenate([seen[:, :2] - 3 * spread, seen[:, :2] + 3 * spread])
    window = _window(grown, camera.size_hw)
    if window is None or float(seen[:, 2].min()) <= 0.6:
        return None
    x0, y0, x1, y1 = window
    alpha = np.zeros(((y1 - y0 + 1) // 2, (x1 - x0 + 1) // 2), np.uint8)
    cv2.fillConvexPoly(alpha, _fixed(seen[:, :2], (x0, y0), 0.5), 255, cv2.LINE_AA, _SHIFT)
    size = 2 * int(spread * 0.6) + 1
    alpha = cv2.blur(cv2.blur(alpha, (size, size)), (size, size))
    alpha = cv2.resize(alpha, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    return Sprite(np.zeros((0, 0, 3), np.uint8), alpha, (x0, y0))
