"""Light of the street: the sun, the sky, haze, and what a sensor makes of them."""

from dataclasses import asdict, dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Rgb = tuple[float, float, float]
Mood = Literal["clear", "overcast", "golden", "dusk"]
MOODS: tuple[Mood, ...] = ("clear", "overcast", "golden", "dusk")


@dataclass(frozen=True, slots=True)
class Air:
    """What a mood's light is made of; colours are RGB factors on an albedo, 0..1 and a little more.

    haze: RGB 0..1 of the far air, haze_m the metres after which about two thirds of a colour have become haze.
    """

    sun_rgb: Rgb
    sky_rgb: Rgb
    bounce_rgb: Rgb
    haze: Rgb
    haze_m: float
    zenith: Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Light(Air):
    """One time of day. sun: unit vector towards the sun (s, t, z); lamps: street lamps and head lights are lit."""

    mood: Mood
    sun: tuple[float, float, float]
    lamps: bool

    def shade(self, normals: F32, albedo: F32, sunlit: float) -> F32:
        """Colours [M, 3] of faces with unit normals [M, 3]; sunlit 0..1 is how much of the sun reaches them."""
        up = 0.5 + 0.5 * normals[:, 2:3]
        ambient = np.asarray(self.bounce_rgb, np.float32) * (1 - up) + np.asarray(self.sky_rgb, np.float32) * up
        facing = np.clip(normals @ np.asarray(self.sun, np.float32), 0, 1)[:, None]
        return albedo * (ambient + np.asarray(self.sun_rgb, np.float32) * (facing * np.float32(sunlit)))

    def mirror(self, views: F32, normals: F32) -> F32:
        """What faces mirror [M, 3]: the sky above, dark fronts at the level of the eye, the road below."""
        bounce = views - 2 * (views * normals).sum(-1, keepdims=True) * normals
        up = bounce[:, 2:3]
        sky = np.asarray(self.haze, np.float32) * 0.45 + np.asarray(self.zenith, np.float32) * 0.40
        road = np.asarray(self.bounce_rgb, np.float32) * 0.34
        # fronts across the street stand in what is mirrored at the level of the eye, the sky begins over their roofs
        fronts = np.asarray(self.sky_rgb, np.float32) * np.array([0.40, 0.35, 0.30], np.float32)
        rise, share = np.clip(up * 9.0 + 0.3, 0, 1), np.clip((up - 0.28) * 4.0, 0, 1)
        level = road * (1 - rise) + fronts * rise
        return np.where(up < -0.04, road * (1 + 0.5 * up), level * (1 - share) + sky * share)

    def fade(self, depth: float) -> float:
        """Share of haze in what is seen over depth metres."""
        return float(1 - np.exp(-depth / self.haze_m))


_AIR: dict[Mood, Air] = {
    "clear": Air(
        (0.80, 0.74, 0.63), (0.56, 0.61, 0.70), (0.40, 0.38, 0.36), (0.80, 0.86, 0.92), 150, (0.42, 0.60, 0.86)
    ),
    "overcast": Air(
        (0.05, 0.05, 0.05), (0.93, 0.95, 0.98), (0.5, 0.5, 0.5), (0.80, 0.82, 0.84), 110, (0.66, 0.70, 0.75)
    ),
    "golden": Air(
        (1.02, 0.70, 0.38), (0.52, 0.53, 0.62), (0.42, 0.37, 0.33), (0.96, 0.83, 0.66), 120, (0.52, 0.64, 0.82)
    ),
    "dusk": Air((0.0, 0.0, 0.0), (0.44, 0.47, 0.62), (0.27, 0.25, 0.27), (0.50, 0.47, 0.56), 100, (0.20, 0.26, 0.46)),
}


def make_light(rng: np.random.Generator, mood: Mood) -> Light:
    """A time of day with its own sun."""
    bearing = rng.uniform(0, 2 * np.pi)
    height = np.radians({"clear": rng.uniform(34, 55), "golden": rng.uniform(14, 22)}.get(mood, 60.0))
    if mood == "golden":
        # a low sun behind the far fronts would leave the whole street in shade: it stands before them, left or right
        aside = rng.uniform(-0.45, 0.1)
        bearing = aside if rng.random() < 0.5 else np.pi - aside
    sun = (float(np.cos(bearing) * np.cos(height)), float(np.sin(bearing) * np.cos(height)), float(np.sin(height)))
    return Light(**asdict(_AIR[mood]), mood=mood, sun=sun, lamps=mood == "dusk")


class Sensor:
    """Turns the composed picture into what a camera gives: slow changes of light, a tone curve, grain."""

    def __init__(self, seed: int, size_hw: tuple[int, int], light: Light) -> None:
        rng = np.random.default_rng([seed, 77])
        self._phase = rng.uniform(0, 2 * np.pi, 3)
        self._swing = {"clear": 0.05, "overcast": 0.03, "golden": 0.04, "dusk": 0.015}[light.mood]
        strength = 3.4 if light.lamps else 2.2
        height, width = size_hw
        coarse = rng.normal(0, 1.0, ((height + 64) // 2 + 1, (width + 64) // 2 + 1, 3)).astype(np.float32)
        coarse = cv2.resize(coarse, (width + 64, height + 64), interpolation=cv2.INTER_LINEAR)
        fine = rng.standard_normal((height + 64, width + 64, 1), np.float32)
        self._grain: U8 = np.clip(np.rint(128 + 16 * (fine + 0.5 * coarse)), 0, 255).astype(np.uint8)
        self._strength = strength / 16
        self._exposure = {"clear": 1.16, "overcast": 1.06, "golden": 1.26, "dusk": 1.18}[light.mood]

    def gain(self, time_s: float) -> float:
        """Exposure at a time: the mood's own, and clouds that pass."""
        a, b, c = self._phase
        slow = np.sin(time_s / 23 + a) + 0.6 * np.sin(time_s / 9.1 + b) + 0.25 * np.sin(time_s / 3.3 + c)
        return float(1 + self._swing * slow) * self._exposure

    def expose(self, picture: U8, index: int, time_s: float) -> U8:
        """uint8 [H, W, 3] composed to exposed; grain is stronger in the shadows, whose tones the curve spreads."""
        height, width = picture.shape[:2]
        dy, dx = np.random.default_rng([index, 5]).integers(0, 64, 2)
        grain = self._grain[dy : dy + height, dx : dx + width]
        noisy = cv2.addWeighted(picture, 1.0, grain, self._strength, -128 * self._strength)
        tones = np.arange(256, dtype=np.float32) / 255 * self.gain(time_s)
        # lifts the shadows a little and rolls the highlights off
        curve = np.clip(1.06 * tones**0.92 - 0.055 * np.sin(2 * np.pi * np.clip(tones, 0, 1)) * tones, 0, 1)
        return cv2.LUT(noisy, np.rint(curve * 255).astype(np.uint8))


def jitter(seed: int, time_s: float, scale: float) -> tuple[float, float]:
    """Shift of the picture in pixels (x, y) at a time: a mast in the wind, under a pixel and a half at 720 lines."""
    rng = np.random.default_rng([seed, 91])
    phase = rng.uniform(0, 2 * np.pi, (2, 3))
    pace = np.array([1.3, 3.7, 11.0]) * rng.uniform(0.8, 1.2, 3)
    swing = np.array([0.5, 0.22, 0.08]) * scale
    dx, dy = (np.sin(time_s * pace + p) @ swing for p in phase)
    return float(dx), float(0.7 * dy)
