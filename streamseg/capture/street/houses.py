"""The far side of the street: house fronts, flanks and roofs, gardens, each laid into the picture in perspective."""

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street import raster
from streamseg.capture.street.fronts import paint_front, wall_colour
from streamseg.capture.street.layout import Layout, Lot
from streamseg.capture.street.raster import Sprite
from streamseg.capture.street.solid import box, join, loft, paint
from streamseg.capture.street.trees import crown, trunk
from streamseg.capture.street.wall import WALLS

F32 = npt.NDArray[np.float32]


def far_to_near_lots(plan: Layout) -> list[Lot]:
    """The lots in the order they are painted in."""
    return sorted(plan.lots, key=lambda lot: -abs((lot.s0 + lot.s1) / 2))


def lay_lot(plan: Layout, lot: Lot, picture: F32, soil: F32) -> None:
    """Paint the house or the garden of a lot into the picture, in place; soil loses the ground it hides."""
    if lot.kind == "garden":
        _garden(plan, lot, picture, soil)
        return
    camera = plan.camera
    corners = np.array(
        [
            [lot.s0, plan.front, lot.height_m],
            [lot.s1, plan.front, lot.height_m],
            [lot.s1, plan.front, 0],
            [lot.s0, plan.front, 0],
        ],
        np.float32,
    )
    seen = camera.project(corners)
    wide = float(np.abs(seen[1, 0] - seen[0, 0]))
    if (
        float(camera.depth(corners[:, 0], corners[:, 1]).min()) < 2
        or wide < 1.5
        or seen[:, 0].max() < 0
        or seen[:, 0].min() > camera.size_hw[1]
    ):
        return
    scale = float(np.clip(camera.focal_px / seen[:, 2].min(), 6, 110))
    painted = paint_front(lot, scale, evening=plan.light.lamps)
    light = plan.light
    facing = light.shade(np.array([[0, -1, 0]], np.float32), np.ones((1, 3), np.float32), 1.0)[0]
    bright = np.asarray(light.sky_rgb) * 0.5 + np.asarray(light.bounce_rgb) * 0.5
    lit = facing * 1.06 if not light.lamps else bright * 1.0
    glow = painted.glow[..., None]
    front = painted.albedo * (glow + lit.astype(np.float32) * (1 - glow))
    haze = light.fade(float(seen[:, 2].mean()))
    front = front * (1 - haze) + np.asarray(light.haze, np.float32) * haze
    slim = max(2, round(wide * 1.6))
    if slim < front.shape[1]:
        front = cv2.resize(front, (slim, front.shape[0]), interpolation=cv2.INTER_AREA)
    _side_walls(plan, lot, picture, soil)
    _roof(plan, lot, picture)
    _warp(front.astype(np.float32), seen[:, :2], picture, soil)


def _warp(front: F32, corners: F32, picture: F32, soil: F32) -> None:
    """Lay a flat picture onto four corners (top left, top right, bottom right, bottom left), in place."""
    height, width = picture.shape[:2]
    x0, x1 = int(np.clip(np.floor(corners[:, 0].min()), 0, width)), int(np.clip(np.ceil(corners[:, 0].max()), 0, width))
    y0, y1 = (
        int(np.clip(np.floor(corners[:, 1].min()), 0, height)),
        int(np.clip(np.ceil(corners[:, 1].max()), 0, height)),
    )
    if x1 <= x0 or y1 <= y0:
        return
    own = (
        np.array([[0, 0], [front.shape[1], 0], [front.shape[1], front.shape[0]], [0, front.shape[0]]], np.float32) - 0.5
    )
    target = ((corners - [x0, y0]) * 2 - 0.5).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(own, target)
    size = (x1 - x0) * 2, (y1 - y0) * 2
    warped = cv2.warpPerspective(front, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.float32)
    cv2.fillConvexPoly(mask, np.clip(np.rint(target * 16), -(1 << 22), 1 << 22).astype(np.int32), 1.0, cv2.LINE_8, 4)
    share = cv2.resize(mask, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    colour = cv2.resize(warped * mask[..., None], (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    part = picture[y0:y1, x0:x1]
    part[:] = part * (1 - share[..., None]) + colour
    soil[y0:y1, x0:x1] *= 1 - share


def _side_walls(plan: Layout, lot: Lot, picture: F32, soil: F32) -> None:
    """The flank of a house that stands beside a garden."""
    flank = lot.s1 if lot.s1 < 0 else lot.s0
    rng = np.random.default_rng([lot.seed, 66])
    up, back = np.linspace(0, lot.height_m, 25), np.linspace(plan.front, plan.front + 9, 13)
    grid = np.empty((25, 13, 3), np.float32)
    grid[..., 0], grid[..., 1], grid[..., 2] = flank, back, up[:, None]
    tone = rng.uniform(0.95, 1.05, (24, 12, 1)) * np.linspace(0.84, 1.0, 24)[:, None, None]
    # the flank looks towards the camera's own place along the street
    solid = paint(
        loft(grid if flank < 0 else grid[::-1], wrap=False), (wall_colour(lot) * 0.92 * tone).astype(np.float32)
    )
    sprite = raster.draw(solid, plan.camera, plan.light, sunlit=0.5)
    if sprite is not None:
        paste(picture, sprite)
        uncover(soil, sprite)


def _roof(plan: Layout, lot: Lot, picture: F32) -> None:
    """Tiles that lean back from the eaves, and a chimney; seen only where the front ends below the picture's edge."""
    rng = np.random.default_rng([lot.seed, 65])
    if plan.camera.at((lot.s0 + lot.s1) / 2, plan.front, lot.height_m)[1] < -10:
        return
    rise, back, rows, columns = float(rng.uniform(1.8, 3.0)), 3.6, 12, 18
    up, along = np.linspace(0, 1, rows), np.linspace(lot.s0 - 0.12, lot.s1 + 0.12, columns)
    grid = np.empty((rows, columns, 3), np.float32)
    grid[..., 0] = along
    grid[..., 1] = (plan.front - 0.25 + back * up)[:, None]
    grid[..., 2] = (lot.height_m - 0.05 + rise * up)[:, None]
    quads = loft(grid, wrap=False)
    slate = np.array(((0.30, 0.30, 0.33), (0.42, 0.25, 0.20), (0.34, 0.31, 0.29))[int(rng.integers(3))])
    tone = (
        rng.uniform(0.86, 1.12, (rows - 1, columns - 1, 1))
        * np.where(np.arange(rows - 1) % 2, 0.92, 1.05)[:, None, None]
    )
    s = float(rng.uniform(lot.s0 + 0.8, lot.s1 - 1.6))
    stack = box((s, plan.front + 1.6, lot.height_m), (s + 0.9, plan.front + 2.3, lot.height_m + rise + 0.9))
    parts = [
        paint(quads, (slate * tone).astype(np.float32)),
        paint(stack, np.array(WALLS[lot.seed % 2]) * 0.85, bias=0.5),
    ]
    sprite = raster.draw(join(parts), plan.camera, plan.light)
    if sprite is not None:
        paste(picture, sprite)


def _garden(plan: Layout, lot: Lot, picture: F32, soil: F32) -> None:
    """A low wall with trees behind it."""
    rng = np.random.default_rng([lot.seed, 64])
    for t in (plan.front + 6.5, plan.front + 3.2):
        for s in np.arange(lot.s0 + rng.uniform(0, 2), lot.s1, rng.uniform(3.4, 5)):
            seed = int(rng.integers(1 << 30))
            sprites = (
                raster.draw(trunk(seed).placed(0, float(s), t), plan.camera, plan.light, sunlit=0.5),
                crown(seed, (float(s), t), plan.camera, plan.light),
            )
            for sprite in sprites:
                if sprite is not None:
                    paste(picture, sprite)
                    uncover(soil, sprite)
    rgb = np.array(WALLS[lot.seed % 2]) * 0.9
    steps = np.linspace(lot.s0, lot.s1, 9)
    blocks = [
        paint(box((a, plan.front, 0), (b, plan.front + 0.3, 0.95)), rgb * rng.uniform(0.9, 1.08))
        for a, b in pairwise(steps)
    ]
    caps = [
        paint(box((a, plan.front - 0.05, 0.95), (b, plan.front + 0.35, 1.05)), (0.60, 0.58, 0.55))
        for a, b in pairwise(steps)
    ]
    sprite = raster.draw(join(blocks + caps), plan.camera, plan.light, sunlit=0.8)
    if sprite is not None:
        paste(picture, sprite)
        uncover(soil, sprite)


def paste(picture: F32, sprite: Sprite) -> None:
    """Lay a sprite over a picture (float32 [H, W, 3] 0..1), in place."""
    (x, y), (h, w) = sprite.offset, sprite.alpha.shape
    part = picture[y : y + h, x : x + w]
    part[:] = part * (1 - sprite.alpha.astype(np.float32)[..., None] / 255) + sprite.rgb.astype(np.float32) / 255


def uncover(soil: F32, sprite: Sprite) -> None:
    """Take what a sprite hides out of a mask of the ground (float32 [H, W] 0..1), in place."""
    (x, y), (h, w) = sprite.offset, sprite.alpha.shape
    soil[y : y + h, x : x + w] *= 1 - sprite.alpha.astype(np.float32) / 255
