"""The street without its actors: sky, distance, house fronts, ground, static shadows and things that stand about."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street import raster
from streamseg.capture.street.ground import look_down, noise_tile, paint_ground
from streamseg.capture.street.houses import far_to_near_lots, lay_lot, paste, uncover
from streamseg.capture.street.layout import Layout, Prop
from streamseg.capture.street.props import prop
from streamseg.capture.street.raster import Sprite
from streamseg.capture.street.trees import crown, crown_shadow
from streamseg.capture.street.wall import WALLS

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Standing:
    """A thing that stands in the backdrop and hides what passes behind it: its sprite and its place on the ground."""

    sprite: Sprite
    s: float
    t: float
    half_s: float
    half_t: float


@dataclass(frozen=True, slots=True)
class Backdrop:
    """rgb: uint8 [H, W, 3]; soil: uint8 [H, W] 255 where ground is seen; sunny: the same where the sun reaches it.

    sunlit: float32 [H / 4, W / 4] 0..1, how much of the sun reaches the ground; standing: what hides actors.
    """

    rgb: U8
    soil: U8
    sunny: U8
    sunlit: F32
    standing: tuple[Standing, ...]

    def sun_at(self, x: float, y: float) -> float:
        """How much of the sun (0..1) reaches the ground at a pixel."""
        row = int(np.clip(y // 4, 0, self.sunlit.shape[0] - 1))
        return float(self.sunlit[row, int(np.clip(x // 4, 0, self.sunlit.shape[1] - 1))])


def make_backdrop(plan: Layout) -> Backdrop:
    """Paint the street of a plan; takes about as long as a second of video."""
    height, width = plan.camera.size_hw
    picture = _sky(plan)
    _distance(plan, picture)
    soil, sunlit = np.zeros((height, width), np.float32), np.ones((height, width), np.float32)
    _lay_ground(plan, picture, soil, sunlit)
    for lot in far_to_near_lots(plan):
        lay_lot(plan, lot, picture, soil)
    for thing in plan.props:
        _ground_dark(plan, thing, picture)
    props = sorted(plan.props, key=lambda p: -float(plan.camera.depth(p.s, p.t)))
    standing = tuple(seen for thing in props for seen in _stand(plan, thing))
    for seen in standing:
        paste(picture, seen.sprite)
        uncover(soil, seen.sprite)
    if plan.light.lamps:
        _halos(plan, picture)
    lens_px = 0.55 * max(1.0, height / 720) ** 0.5
    picture = cv2.GaussianBlur(picture * _vignette(height, width)[..., None], (0, 0), lens_px)
    small = cv2.resize(sunlit, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    rgb = np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)
    bare, sunny = (np.rint(a * 255).astype(np.uint8) for a in (soil, soil * sunlit))
    return Backdrop(rgb, bare, sunny, cv2.blur(small, (5, 3)), standing)


def _lay_ground(plan: Layout, picture: F32, soil: F32, sunlit: F32) -> None:
    """Paint the lit ground, and where it is and where the sun reaches it, all in place."""
    view, light = look_down(plan), plan.light
    below = slice(view.first_row, None)
    soil[below] = 1.0
    sunlit[below] = _sun_on_ground(plan, view.s, view.t, view.depth)
    for thing in plan.props:
        for shade in _shadows(plan, thing):
            _darken(sunlit, shade, 0.92)
    lit = np.asarray(light.sky_rgb) * 0.98 + np.asarray(light.sun_rgb) * (sunlit[below, :, None] * light.sun[2])
    if light.lamps:
        lit = lit + _lamp_pools(plan, view.s, view.t)[..., None] * np.array([0.62, 0.47, 0.26], np.float32)
    haze = (1 - np.exp(-view.depth / light.haze_m))[..., None]
    ground = paint_ground(plan, view) * lit.astype(np.float32)
    picture[below] = ground * (1 - haze) + np.asarray(light.haze, np.float32) * haze


def _vignette(height: int, width: int) -> F32:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (1 - 0.15 * (x**2 * 0.75 + y**2 * 0.55) ** 1.2).astype(np.float32)


def _sky(plan: Layout) -> F32:
    height, width = plan.camera.size_hw
    rng = np.random.default_rng([plan.seed, 61])
    up = np.clip((plan.camera.horizon_px - np.arange(height, dtype=np.float32)) / height, 0, 1)[:, None, None]
    share = np.clip(up * 3.2, 0, 1) ** 0.8
    low, high = np.asarray(plan.light.haze, np.float32), np.asarray(plan.light.zenith, np.float32)
    sky = np.repeat(low * (1 - share) + high * share, width, axis=1).astype(np.float32)
    tile = noise_tile(rng, 256, 1.5)
    row, column = np.mgrid[:height, :width].astype(np.float32)
    clouds = cv2.remap(
        tile, column * 256 / width * 0.7, np.mod(row * 1.1, 255.0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    amount = 0.5 * np.clip(clouds * 0.6 + (0.5 if plan.light.mood == "overcast" else 0.0), 0, 1)[..., None]
    white = low * 0.4 + (0.58 if not plan.light.lamps else 0.22)
    return sky * (1 - amount) + np.minimum(white, 1.0) * amount


def _distance(plan: Layout, picture: F32) -> None:
    """Roofs and tree tops far behind, in haze, in place."""
    width = picture.shape[1]
    rng = np.random.default_rng([plan.seed, 62])
    base = int(plan.camera.horizon_px) + 3
    haze = np.asarray(plan.light.haze, np.float32)
    for layer, depth in enumerate((170.0, 95.0)):
        zoom = plan.camera.focal_px / depth
        x = -rng.uniform(0, 10) * zoom
        share = plan.light.fade(depth)
        while x < width:
            wide, tall = rng.uniform(7, 16) * zoom, rng.uniform(5, 11) * zoom
            rgb = np.array(WALLS[int(rng.integers(len(WALLS)))]) * np.asarray(plan.light.sky_rgb) * 0.8
            colour = (rgb * (1 - share) + haze * share).astype(np.float32)
            x0, x1 = max(0, int(x)), max(0, int(x + wide))
            top = max(0, int(base - tall))
            picture[top:base, x0:x1] = colour
            ridge = np.array([[x0 - 1, top], [(x0 + x1) // 2, top - int(2.6 * zoom)], [x1, top]], np.int32)
            cv2.fillPoly(picture, [ridge], (colour * np.array([0.80, 0.76, 0.74])).tolist(), cv2.LINE_AA)
            for wx in np.arange(x0 + 1.2 * zoom, x1 - 1.2 * zoom, 2.2 * zoom):
                for wy in np.arange(top + 0.8 * zoom, base - 1.5 * zoom, 2.9 * zoom):
                    picture[int(wy) : int(wy + 1.4 * zoom), int(wx) : int(wx + 1.0 * zoom)] = colour * 0.72
            x += wide + (rng.uniform(1, 5) * zoom if layer else 0)


def _sun_on_ground(plan: Layout, s: F32, t: F32, depth: F32) -> F32:
    """1 in the sun, 0 where houses keep it away: those behind the camera, or the far fronts."""
    sun = plan.light.sun
    rng = np.random.default_rng([plan.seed, 63])
    edges = np.cumsum(rng.uniform(6, 13, 60)) - 300
    roofs = rng.uniform(-1.6, 1.6, 61) * (rng.random(61) < 0.8)
    across, along = sun[1] / max(sun[2], 0.12), sun[0] / max(sun[2], 0.12)
    house = plan.front if across > 0 else -3.0
    travelled = np.abs(t - house)
    at = np.searchsorted(edges, s + along * travelled / max(abs(across), 0.05))
    tall = (8.2 if across > 0 else plan.opposite_roof_m) + roofs[np.clip(at, 0, 60)]
    reach = tall * abs(across)
    soft = 0.10 + 0.03 * travelled + depth * 0.004
    return np.asarray(np.clip((travelled - reach) / soft + 0.5, 0, 1), np.float32)


def _shadows(plan: Layout, thing: Prop) -> list[Sprite]:
    if max(plan.light.sun_rgb) < 0.1:
        return []
    solids = [prop(thing)]
    if thing.kind == "tree":
        solids.append(crown_shadow(thing.seed, (thing.s, thing.t), plan.light))
    cast = (raster.shadow(solid, plan.camera, plan.light) for solid in solids)
    return [s for s in cast if s is not None]


def _darken(lit: F32, shade: Sprite, strength: float) -> None:
    (x, y), (h, w) = shade.offset, shade.alpha.shape
    lit[y : y + h, x : x + w] *= 1 - strength * shade.alpha.astype(np.float32) / 255


def _ground_dark(plan: Layout, thing: Prop, picture: F32) -> None:
    reach = {"tree": 0.28, "shelter": 1.6, "bench": 0.8, "planter": 0.55}.get(thing.kind, 0.16)
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    outline = np.stack([thing.s + reach * np.cos(turn), thing.t + min(reach, 0.5) * np.sin(turn)], -1).astype(
        np.float32
    )
    dark = raster.contact(plan.camera, outline)
    if dark is not None:
        (x, y), (h, w) = dark.offset, dark.alpha.shape
        picture[y : y + h, x : x + w] *= (1 - 0.5 * dark.alpha.astype(np.float32) / 255)[..., None]


def _lamp_pools(plan: Layout, s: F32, t: F32) -> F32:
    pools = np.zeros_like(s)
    for thing in plan.props:
        if thing.kind == "lamp":
            pools += 1.0 / (1 + ((s - thing.s) ** 2 + (t - thing.t) ** 2) / 7.0) ** 1.5
    return pools


def _halos(plan: Layout, picture: F32) -> None:
    for thing in plan.props:
        if thing.kind != "lamp":
            continue
        x, y = plan.camera.at(thing.s, thing.t, 4.6)
        radius = 1.3 * plan.camera.scale(thing.s, thing.t)
        y0, y1 = int(np.clip(y - 3 * radius, 0, picture.shape[0])), int(np.clip(y + 3 * radius, 0, picture.shape[0]))
        x0, x1 = int(np.clip(x - 3 * radius, 0, picture.shape[1])), int(np.clip(x + 3 * radius, 0, picture.shape[1]))
        rows, columns = np.mgrid[y0:y1, x0:x1]
        glow = np.exp(-np.hypot(rows - y, columns - x) / (0.55 * radius))
        picture[y0:y1, x0:x1] += glow[..., None].astype(np.float32) * np.array([0.42, 0.30, 0.15], np.float32)


def _stand(plan: Layout, thing: Prop) -> list[Standing]:
    reach = {"shelter": 1.9, "bench": 0.9, "planter": 0.5}.get(thing.kind, 0.15)
    sprites = [raster.draw(prop(thing, lit=plan.light.lamps), plan.camera, plan.light)]
    if thing.kind == "tree":
        sprites.append(crown(thing.seed, (thing.s, thing.t), plan.camera, plan.light))
    return [Standing(s, thing.s, thing.t, reach, min(reach, 0.6)) for s in sprites if s is not None]
