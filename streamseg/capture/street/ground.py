"""The ground of the street as the camera sees it: road, markings, kerbs, pavements, grass; drawn pixel by pixel.

Every line is filtered by the ground a pixel covers, so that it thins out with distance instead of flickering.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street.layout import Layout

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """Ground under the pixels of the rows below the horizon: s, t in metres and what a pixel covers of them."""

    first_row: int
    s: F32
    t: F32
    depth: F32
    cover_s: F32
    cover_t: F32


def look_down(plan: Layout) -> View:
    """Where the camera's pixels meet the ground."""
    camera = plan.camera
    s, t, depth = camera.ground()
    first = min(camera.size_hw[0] - 1, int(np.ceil(camera.horizon_px + 1)))
    s, t, depth = (np.clip(a[first:], -400, 400) for a in (s, t, depth))
    down = depth / (camera.focal_px * camera.height_m)
    cover_t = np.hypot(t * down, depth * np.float32(np.sin(camera.yaw)) / camera.focal_px)
    cover_s = np.hypot(s * down, depth * np.float32(np.cos(camera.yaw)) / camera.focal_px)
    return View(first, s, t, depth, cover_s.astype(np.float32) + 1e-4, cover_t.astype(np.float32) + 1e-4)


def noise_tile(rng: np.random.Generator, size: int = 512, smooth: float = 1.0) -> F32:
    """A tile of noise that repeats without a seam: float32, mean 0, deviation 1."""
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    row, column = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    spectrum *= 1 / np.maximum(np.hypot(row, column), 1.5 / size) ** smooth
    spectrum[0, 0] = 0
    tile = np.fft.irfft2(spectrum, (size, size)).astype(np.float32)
    return tile / tile.std()


def sample(tile: F32, view: View, metre: float, shift: float = 0.0) -> F32:
    """The tile laid on the ground at metre pixels a metre; faded where a pixel covers more than its grain."""
    size = tile.shape[0]
    columns, rows = np.mod(view.s * metre + shift, size), np.mod(view.t * metre + shift, size)
    value = cv2.remap(
        tile, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    fade = np.clip(1.6 - 0.25 * metre * np.maximum(view.cover_s, view.cover_t), 0, 1)
    return np.asarray(value * fade, np.float32)


def band(x: F32, low: float, high: float, cover: F32) -> F32:
    """Share of a pixel that lies between low and high: 0..1."""
    return np.clip((x - low) / cover + 0.5, 0, 1) - np.clip((x - high) / cover + 0.5, 0, 1)


def comb(x: F32, pitch: float, width: float, cover: F32) -> F32:
    """Share of a pixel that lies on lines of a width every pitch metres: 0..1, filtered."""
    near = np.abs(np.mod(x + pitch / 2, pitch) - pitch / 2)
    sharp = np.clip((width / 2 - near) / cover + 0.5, 0, 1)
    return np.asarray(np.where(cover < pitch * 0.7, np.minimum(sharp, 1.0), width / pitch), np.float32)


def _cells(s: F32, t: F32) -> F32:
    """A random number 0..1 for every cell (whole numbers of s, t)."""
    value = np.sin(np.floor(s) * 127.1 + np.floor(t) * 311.7) * np.float32(43758.547)
    return np.asarray(value - np.floor(value), np.float32)


def paint_ground(plan: Layout, view: View) -> F32:
    """Albedo of the ground: float32 [rows below the horizon, W, 3] RGB 0..1."""
    rng = np.random.default_rng([plan.seed, 21])
    fine, broad = noise_tile(rng, smooth=0.35), noise_tile(rng, smooth=1.4)
    out = _road(plan, view, rng, (fine, broad))
    near = _paving(view, plan.near_paving, rng)
    far = _paving(view, "slabs" if plan.near_paving == "bricks" else "bricks", rng)
    near_share = band(view.t, -1e3, plan.near - 0.28, view.cover_t)[..., None]
    far_share = band(view.t, plan.far + 0.28, plan.front, view.cover_t)[..., None]
    out = out * (1 - near_share - far_share) + near * near_share + far * far_share
    beyond = band(view.t, plan.front, 1e3, view.cover_t)[..., None]
    grass = np.array([0.25, 0.33, 0.16], np.float32) * (1 + 0.18 * sample(fine, view, 30)[..., None])
    out = out * (1 - beyond) + grass * beyond
    _kerbs(plan, view, out)
    _leaves(plan, view, out)
    wear = 1 + 0.055 * sample(broad, view, 14, 7) + 0.05 * sample(broad, view, 50, 91) + 0.035 * sample(fine, view, 60)
    stains = np.clip(sample(broad, view, 24, 333) - 1.4, 0, 1)
    return np.clip(out * (wear - 0.16 * stains)[..., None], 0, 1).astype(np.float32)


def _road(plan: Layout, view: View, rng: np.random.Generator, tiles: tuple[F32, F32]) -> F32:
    fine, broad = tiles
    tone = np.float32(rng.uniform(0.26, 0.34))
    grain = 0.10 * sample(fine, view, 90) + 0.06 * sample(broad, view, 9, 50)
    value = tone * (1 + grain)
    middle = (plan.near + plan.far - plan.bay_m) / 2
    for centre in ((plan.near + middle) / 2, (plan.far - plan.bay_m + middle) / 2):
        for track in (-0.72, 0.72):
            value *= 1 - 0.10 * np.exp(-(((view.t - centre - track) / 0.28) ** 2))
        value *= 1 - 0.07 * np.exp(-(((view.t - centre) / 0.25) ** 2)) * np.clip(1 + sample(broad, view, 20, 8), 0, 2)
    for _ in range(7):
        s, t = rng.uniform(plan.span[0], plan.span[1]), rng.uniform(plan.near, plan.far)
        patch = band(view.s, s, s + rng.uniform(1, 5), view.cover_s) * band(
            view.t, t, t + rng.uniform(0.6, 1.6), view.cover_t
        )
        value *= 1 + np.float32(rng.uniform(-0.22, 0.10)) * patch
    for _ in range(4):
        s, t = rng.uniform(max(-25, plan.span[0]), min(25, plan.span[1])), rng.uniform(plan.near + 1, plan.far - 1)
        radius = np.hypot(view.s - s, view.t - t)
        value *= (
            1
            - 0.45 * np.clip((0.33 - radius) / view.cover_t + 0.5, 0, 1)
            + 0.3 * band(radius, 0.27, 0.30, view.cover_t)
        )
    cracks = np.abs(sample(broad, view, 30, 200) - 0.4)
    value *= 1 - 0.22 * np.clip(1 - cracks / 0.035, 0, 1) * np.clip(1.2 - view.depth / 22, 0, 1)
    out = value[..., None] * np.array([1.0, 1.0, 1.02], np.float32)
    marks = _marks(plan, view) * np.clip(0.86 + 0.20 * sample(fine, view, 45, 11), 0.2, 1)
    return out * (1 - marks[..., None]) + np.array([0.80, 0.79, 0.75], np.float32) * marks[..., None]


def _marks(plan: Layout, view: View) -> F32:
    """White paint: dashed middle, edge lines, the crossing with its stop lines."""
    s, t, cs, ct = view.s, view.t, view.cover_s, view.cover_t
    middle = (plan.near + plan.far - plan.bay_m) / 2
    away = np.abs(s - plan.crossing)
    clear = np.clip((away - 3.4) / cs + 0.5, 0, 1)
    dash = np.clip((1.4 - np.abs(np.mod(s, 6.0) - 3.0)) / cs + 0.5, 0, 1)
    lines = band(t, middle - 0.07, middle + 0.07, ct) * dash * clear
    for edge in (plan.near + 0.5, plan.far - max(0.5, plan.bay_m)):
        lines += 0.85 * band(t, edge - 0.05, edge + 0.05, ct) * clear
    inside = band(t, plan.near + 0.35, plan.far - 0.35, ct)
    zebra = comb(t - plan.near, 1.0, 0.5, ct) * band(away, -1, 1.7, cs) * inside
    stops = band(away, 2.7, 3.05, cs)
    left = band(t, plan.near + 0.5, middle - 0.1, ct) * (s < plan.crossing)
    right = band(t, middle + 0.1, plan.far - max(0.5, plan.bay_m), ct) * (s > plan.crossing)
    return np.clip(lines + zebra + stops * (left + right), 0, 1)


def _paving(view: View, kind: str, rng: np.random.Generator) -> F32:
    pitch_s, pitch_t, joint = (0.75, 0.5, 0.012) if kind == "slabs" else (0.22, 0.11, 0.008)
    palette = [(0.52, 0.51, 0.48), (0.47, 0.46, 0.45), (0.56, 0.52, 0.46)]
    if kind == "bricks":
        palette = [(0.49, 0.36, 0.30), (0.50, 0.43, 0.36), (0.42, 0.40, 0.40)]
    base = np.array(palette[int(rng.integers(3))], np.float32)
    row = np.floor(view.t / pitch_t)
    s = view.s + 0.5 * pitch_s * np.mod(row, 2)
    cover = np.maximum(view.cover_s, view.cover_t)
    shown = np.clip(1.4 - cover / pitch_t * 0.9, 0, 1)
    tone = 1 + (0.13 if kind == "slabs" else 0.22) * (_cells(s / pitch_s, view.t / pitch_t) - 0.5) * shown
    joints = np.maximum(comb(s, pitch_s, joint, view.cover_s), comb(view.t, pitch_t, joint, view.cover_t))
    tone *= 1 - 0.42 * joints
    gum = _cells(view.s * 4.1 + 3, view.t * 4.1) > 0.987
    tone *= 1 - 0.10 * gum * np.clip(1.3 - cover * 8, 0, 1)
    return np.asarray(base * tone[..., None], np.float32)


def _leaves(plan: Layout, view: View, out: F32) -> None:
    """Fallen leaves around the trees, in place."""
    spread = np.zeros_like(view.s)
    for thing in plan.props:
        if thing.kind == "tree":
            spread += np.exp(-(((view.s - thing.s) / 2.2) ** 2) - ((view.t - thing.t) / 1.6) ** 2)
    chance = _cells(view.s * 11 + 5, view.t * 11)
    shown = np.clip(1.5 - np.maximum(view.cover_s, view.cover_t) * 9, 0, 1) * (chance > 1 - 0.16 * spread)
    tint = 0.7 + 0.6 * _cells(view.s * 11 + 40, view.t * 11)[..., None]
    out[:] = (
        out * (1 - 0.75 * shown[..., None]) + np.array([0.46, 0.34, 0.12], np.float32) * tint * 0.75 * shown[..., None]
    )


def _kerbs(plan: Layout, view: View, out: F32) -> None:
    """Kerb stones, the face of the far one, and the gutters, in place."""
    stone = np.array([0.60, 0.59, 0.57], np.float32)
    for edge, side in ((plan.near, -1), (plan.far, 1)):
        low, high = sorted((edge, edge + 0.28 * side))
        share = band(view.t, low, high, view.cover_t)[..., None]
        joints = 1 - 0.35 * comb(view.s, 0.95, 0.015, view.cover_s)[..., None]
        out[:] = out * (1 - share) + stone * joints * share
        low, high = sorted((edge, edge - 0.20 * side))
        out *= 1 - 0.36 * band(view.t, low, high, view.cover_t)[..., None]
    face = band(view.t, plan.far - 0.02, plan.far + 0.12, view.cover_t)[..., None]
    out *= 1 - 0.38 * face
