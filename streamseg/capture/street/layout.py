"""A street's plan: camera, light, kerbs, house lots and what stands about, all drawn from one seed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from streamseg.capture.street.camera import Camera
from streamseg.capture.street.light import MOODS, Light, Mood, make_light

LotKind = Literal["house", "shop", "garden"]
PropKind = Literal["tree", "lamp", "bollard", "shelter", "bin", "bench", "sign", "planter", "column"]


@dataclass(frozen=True, slots=True)
class Lot:
    """A stretch of the far side: s0 to s1 metres along the street, its front height_m tall."""

    s0: float
    s1: float
    kind: LotKind
    height_m: float
    seed: int


@dataclass(frozen=True, slots=True)
class Prop:
    """A thing that stands in the street for good."""

    kind: PropKind
    s: float
    t: float
    seed: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The plan; near, far and front are the t of the near kerb, the far kerb and the house fronts, in metres.

    bay_m is the width of the parking bay before the far kerb, 0 where there is none.
    """

    seed: int
    camera: Camera
    light: Light
    near: float
    far: float
    front: float
    bay_m: float
    crossing: float
    span: tuple[float, float]
    lots: tuple[Lot, ...]
    props: tuple[Prop, ...]
    near_paving: Literal["slabs", "bricks"]
    density: float
    opposite_roof_m: float

    def visible_span(self, t: float) -> tuple[float, float]:
        """The stretch of s that the picture shows at t."""
        half = self.camera.size_hw[1] / 2 / self.camera.focal_px
        low, high = self.camera.yaw - np.arctan(half), self.camera.yaw + np.arctan(half)
        return float(t * np.tan(low)), float(t * np.tan(high))


def make_layout(seed: int, size_hw: tuple[int, int]) -> Layout:
    """The street of a seed for a picture of size_hw."""
    rng = np.random.default_rng([seed, 1])
    mood: Mood = str(rng.choice(MOODS, p=[0.42, 0.22, 0.22, 0.14]))  # type: ignore[assignment]
    light = make_light(rng, mood)
    yaw = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.12, 0.72))
    camera = Camera(
        size_hw,
        focal_px=max(1.5 * size_hw[0], 0.84 * size_hw[1]),
        horizon_px=size_hw[0] * float(rng.uniform(0.13, 0.27)),
        height_m=float(rng.uniform(3.1, 4.9)),
        yaw=yaw,
    )
    bottom = camera.focal_px * camera.height_m / (size_hw[0] - camera.horizon_px)
    near = float(bottom * np.cos(yaw) + rng.uniform(2.6, 4.2))
    bay_m = 2.15 if rng.random() < 0.5 else 0.0
    far = near + float(rng.uniform(6.2, 7.4)) + bay_m
    front = far + float(rng.uniform(2.8, 4.2))
    plan = Layout(
        seed=seed,
        camera=camera,
        light=light,
        near=near,
        far=far,
        front=front,
        bay_m=bay_m,
        crossing=0.0,
        span=(0.0, 0.0),
        lots=(),
        props=(),
        near_paving="bricks" if rng.random() < 0.4 else "slabs",
        density=float(rng.uniform(0.75, 1.5)),
        opposite_roof_m=float(rng.uniform(5.0, 9.5)),
    )
    return _furnished(plan, rng)


def _furnished(plan: Layout, rng: np.random.Generator) -> Layout:
    left, right = plan.visible_span(plan.front)
    span = max(left - 12, -130.0), min(right + 12, 130.0)
    road_left, road_right = plan.visible_span((plan.near + plan.far) / 2)
    share = rng.uniform(0.25, 0.75)
    crossing = max(road_left, -28.0) * (1 - share) + min(road_right, 28.0) * share
    lots = _lots(rng, span)
    values = {f: getattr(plan, f) for f in plan.__dataclass_fields__}
    values.update(crossing=float(crossing), span=span, lots=lots)
    values["props"] = _props(rng, Layout(**values))
    return Layout(**values)


def _lots(rng: np.random.Generator, span: tuple[float, float]) -> tuple[Lot, ...]:
    lots: list[Lot] = []
    s = span[0]
    shops = rng.uniform(0.2, 0.75)
    while s < span[1]:
        width = float(rng.uniform(6.5, 12.5))
        garden = rng.random() < 0.15 and bool(lots) and lots[-1].kind != "garden"
        kind: LotKind = "garden" if garden else "shop" if rng.random() < shops else "house"
        lots.append(Lot(s, s + width, kind, float(rng.uniform(6.4, 12.5)), int(rng.integers(1 << 30))))
        s += width
    return tuple(lots)


def _props(rng: np.random.Generator, plan: Layout) -> tuple[Prop, ...]:
    props: list[Prop] = []

    def put(kind: PropKind, s: float, t: float) -> None:
        clear = abs(s - plan.crossing) > 2.6 or not plan.near - 1.4 < t < plan.far + 1.4
        if clear and all(abs(s - p.s) + abs(t - p.t) > 1.8 for p in props):
            props.append(Prop(kind, s, t, int(rng.integers(1 << 30))))

    step = float(rng.uniform(9, 15))
    trees = rng.random() < 0.75
    for i, s in enumerate(np.arange(plan.span[0] + rng.uniform(0, 6), plan.span[1], step)):
        put("lamp" if i % 2 or not trees else "tree", float(s), plan.far + 0.55)
    near_left, near_right = plan.visible_span(plan.near)
    for share in rng.uniform(0.05, 0.95, 3):
        kind = str(rng.choice(["lamp", "tree", "sign", "bin", "planter"], p=[0.24, 0.26, 0.2, 0.15, 0.15]))
        put(kind, float(np.clip(near_left + share * (near_right - near_left), -25, 25)), plan.near - 0.5)  # type: ignore[arg-type]
    for side in (-1, 1):
        put("bollard", plan.crossing + 2.7 * side, plan.near - 0.35)
        put("bollard", plan.crossing + 2.7 * side, plan.far + 0.35)
    if rng.random() < 0.6:
        put("shelter", plan.crossing + float(rng.choice([-1, 1]) * rng.uniform(7, 11)), plan.far + 1.5)
    for _ in range(3):
        kind = str(rng.choice(["bin", "bench", "planter"]))
        put(kind, float(rng.uniform(max(-22, plan.span[0]), min(22, plan.span[1]))), plan.front - 0.5)  # type: ignore[arg-type]
    return tuple(props)
