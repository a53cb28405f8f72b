"""What people look like: build, skin, hair, clothes and what they carry, drawn at random from harmonious palettes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Rgb = tuple[float, float, float]
Top = Literal["shirt", "jacket", "coat", "dress"]
Bottom = Literal["trousers", "shorts", "skirt"]
Hair = Literal["short", "long", "bun", "bald", "hat", "cap", "hood", "helmet"]
Bag = Literal["none", "backpack", "shoulder", "carrier"]

SKINS: tuple[Rgb, ...] = (
    (0.86, 0.67, 0.56),
    (0.80, 0.60, 0.48),
    (0.72, 0.52, 0.40),
    (0.58, 0.40, 0.29),
    (0.42, 0.28, 0.20),
    (0.29, 0.19, 0.14),
)
HAIRS: tuple[Rgb, ...] = (
    (0.07, 0.06, 0.06),
    (0.16, 0.10, 0.07),
    (0.28, 0.17, 0.10),
    (0.45, 0.29, 0.15),
    (0.68, 0.53, 0.32),
    (0.55, 0.53, 0.51),
)
TOPS: tuple[Rgb, ...] = (
    (0.12, 0.14, 0.20),
    (0.20, 0.21, 0.23),
    (0.82, 0.80, 0.76),
    (0.55, 0.57, 0.60),
    (0.58, 0.16, 0.14),
    (0.16, 0.28, 0.45),
    (0.24, 0.36, 0.28),
    (0.70, 0.58, 0.16),
    (0.44, 0.22, 0.30),
    (0.35, 0.47, 0.60),
    (0.50, 0.20, 0.42),
    (0.70, 0.74, 0.78),
    (0.10, 0.10, 0.11),
    (0.30, 0.26, 0.22),
    (0.76, 0.36, 0.18),
    (0.86, 0.74, 0.40),
)
BOTTOMS: tuple[Rgb, ...] = (
    (0.13, 0.16, 0.25),
    (0.20, 0.26, 0.37),
    (0.10, 0.10, 0.11),
    (0.24, 0.23, 0.22),
    (0.46, 0.41, 0.32),
    (0.30, 0.33, 0.38),
    (0.36, 0.28, 0.22),
    (0.55, 0.54, 0.52),
)
SHOES: tuple[Rgb, ...] = (
    (0.08, 0.07, 0.07),
    (0.22, 0.15, 0.10),
    (0.75, 0.74, 0.72),
    (0.25, 0.27, 0.32),
    (0.50, 0.16, 0.14),
)


@dataclass(frozen=True, slots=True)
class Look:
    """One person's appearance; height in metres, girth and breadth as factors around 1, colours RGB 0..1."""

    height: float
    girth: float
    breadth: float
    skin: Rgb
    hair: Hair
    hair_rgb: Rgb
    top: Top
    top_rgb: Rgb
    shirt_rgb: Rgb
    sleeves: float
    pattern: Literal["plain", "stripes", "checks", "yoke"]
    bottom: Bottom
    bottom_rgb: Rgb
    shoe_rgb: Rgb
    bag: Bag
    bag_rgb: Rgb
    beard: bool


def _varied(rng: np.random.Generator, palette: tuple[Rgb, ...], amount: float = 0.03) -> Rgb:
    base = np.array(palette[int(rng.integers(len(palette)))])
    worn = base * 0.84 + base.mean() * 0.16
    r, g, b = np.clip(worn * rng.uniform(0.88, 1.1) + rng.normal(0, amount, 3) * 0.5, 0.03, 0.95)
    return float(r), float(g), float(b)


def random_look(seed: int, *, rider: bool = False) -> Look:
    """The person of a seed; riders wear something one can pedal in."""
    rng = np.random.default_rng([seed, 3])
    feminine = rng.random() < 0.5
    child = rng.random() < 0.09 and not rider
    height = rng.normal(1.65 if feminine else 1.77, 0.065)
    height = rng.uniform(1.15, 1.4) if child else float(np.clip(height, 1.5, 1.96))
    top: Top = "shirt" if rider else str(rng.choice(["shirt", "jacket", "coat", "dress"], p=[0.42, 0.33, 0.17, 0.08]))  # type: ignore[assignment]
    if top == "dress" and not feminine:
        top = "jacket"
    bottom: Bottom = "shorts" if rng.random() < 0.14 else "trousers"
    if feminine and not rider and rng.random() < 0.22:
        bottom = "skirt"
    styles = ["short", "long", "bun", "bald", "hat", "cap", "hood"]
    odds = [0.22, 0.46, 0.16, 0.0, 0.06, 0.04, 0.06] if feminine else [0.62, 0.06, 0.02, 0.09, 0.05, 0.10, 0.06]
    hair: Hair = str(rng.choice(styles, p=odds))  # type: ignore[assignment]
    if rider and rng.random() < 0.6:
        hair = "helmet"
    return Look(
        height=float(height),
        girth=float(np.clip(rng.normal(1.0, 0.11), 0.82, 1.32)),
        breadth=float(rng.normal(0.93 if feminine else 1.05, 0.035)),
        skin=_varied(rng, SKINS, 0.015),
        hair=hair,
        hair_rgb=_varied(rng, TOPS if hair in ("hat", "cap", "helmet") else HAIRS, 0.015),
        top=top,
        top_rgb=_varied(rng, TOPS),
        shirt_rgb=_varied(rng, TOPS),
        sleeves=float(rng.choice([0.42, 1.0], p=[0.45, 0.55])) if top in ("shirt", "dress") else 1.0,
        pattern=str(rng.choice(["plain", "stripes", "checks", "yoke"], p=[0.62, 0.16, 0.10, 0.12])),  # type: ignore[arg-type]
        bottom=bottom,
        bottom_rgb=_varied(rng, BOTTOMS, 0.02),
        shoe_rgb=_varied(rng, SHOES, 0.02),
        bag=str(rng.choice(["none", "backpack", "shoulder", "carrier"], p=[0.5, 0.2, 0.17, 0.13])),  # type: ignore[arg-type]
        bag_rgb=_varied(rng, TOPS),
        beard=not feminine and not child and rng.random() < 0.25,
    )
