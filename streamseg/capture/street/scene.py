"""Who is where in the street at a time: traffic that stops for the crossing, walkers, riders, dogs.

Everything is a function of the seed and the time: any moment can be asked for, in any order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from streamseg.capture.street.gait import Act
from streamseg.capture.street.layout import Layout
from streamseg.capture.street.routes import Route
from streamseg.capture.street.vehicles import Vehicle, random_vehicle

Kind = Literal["person", "vehicle", "bicycle", "rider", "dog"]
PERIOD_S = 26.0
"""Seconds of one turn of the lights at the crossing."""
DRIVE_S = 16.0
GAP_M = 14.0
_TURN = 7


@dataclass(frozen=True, slots=True)
class Being:
    """One actor at one moment; s, t in metres, heading in radians from +s towards +t, travel_m its way so far."""

    id: int
    kind: Kind
    seed: int
    s: float
    t: float
    heading: float
    travel_m: float
    act: Act = "walk"
    half_s: float = 0.25
    half_t: float = 0.25
    brake: bool = False


def _identity(lane: int, turn: int, member: int = 0) -> int:
    return (lane * 200_000 + turn + 50_000) * 8 + member


@dataclass(frozen=True, slots=True)
class Walk:
    """One person's way; act is what they do where they rest; dog_m: metres to the left a dog keeps, 0 without one."""

    id: int
    seed: int
    route: Route
    act: Act
    dog_m: float


def _beings(walk: Walk, time_s: float) -> Iterator[Being]:
    """The person of a walk, and the dog, if they are on their way at a time."""
    place = walk.route.at(time_s)
    if place is None:
        return
    sine, cosine = np.sin(place.heading), np.cos(place.heading)
    yield Being(
        walk.id,
        "person",
        walk.seed,
        place.s,
        place.t,
        place.heading,
        place.travel_m,
        "walk" if place.moving else walk.act,
    )
    if walk.dog_m:
        ahead = 0.45 + 0.2 * np.sin(time_s * 0.8 + walk.seed % 7)
        s, t = place.s + ahead * cosine - walk.dog_m * sine, place.t + ahead * sine + walk.dog_m * cosine
        act: Act = "walk" if place.moving else "stand"
        yield Being(walk.id + 1, "dog", walk.seed, float(s), float(t), place.heading, place.travel_m, act, 0.3, 0.2)


def _gap_s(plan: Layout, t: float, count: float) -> float:
    low, high = plan.visible_span(t)
    stay_s = (min(high, 52.0) - max(low, -52.0)) / 1.3
    return float(np.clip(stay_s / (count * plan.density), 3.0, 12.0))


class Scene:
    """The actors of a plan."""

    def __init__(self, plan: Layout) -> None:
        self._plan = plan
        rng = np.random.default_rng([plan.seed, 71])
        self._offset_s = float(rng.uniform(0, PERIOD_S))
        self._laps = int(rng.integers(6, 9))
        # so many seconds between two walkers that a pavement shows about as many at a time in every street
        self._walk_gap_s = {3: _gap_s(plan, plan.near - 2.5, 2.0), 4: _gap_s(plan, plan.far + 1.5, 3.2)}
        self._ride_gap_s = float(rng.uniform(8, 13) / plan.density)
        self._dog_share = float(rng.uniform(0.10, 0.25))
        self._stroll = lru_cache(maxsize=512)(self._make_stroll)
        self._group = lru_cache(maxsize=64)(self._make_group)

    def at(self, time_s: float) -> tuple[Being, ...]:
        """Everybody in or near the picture at a time, in no order."""
        return (
            *self._parked(),
            *self._lane(time_s, 1, 1),
            *self._lane(time_s, 2, -1),
            *self._walkers(time_s, 3),
            *self._walkers(time_s, 4),
            *self._crossers(time_s),
            *self._riders(time_s),
            *self._waiting(time_s),
        )

    def _odometer(self, time_s: float) -> tuple[float, float]:
        """Metres the traffic has driven by a time, and its speed in m/s: it rests while people cross."""
        turn, within = divmod(time_s + self._offset_s, PERIOD_S)
        ramp, share = 0.22, min(1.0, within / DRIVE_S)
        top = 1 / (1 - ramp)
        if share < ramp:
            way, pace = top * share**2 / (2 * ramp), top * share / ramp
        elif share > 1 - ramp:
            way, pace = 1 - top * (1 - share) ** 2 / (2 * ramp), top * (1 - share) / ramp
        else:
            way, pace = top * (share - ramp / 2), top
        lap = self._laps * GAP_M
        return (turn + way) * lap, pace * lap / DRIVE_S

    def _lane(self, time_s: float, lane: int, way: int) -> Iterator[Being]:
        plan = self._plan
        driven, speed = self._odometer(time_s)
        lanes = plan.far - plan.bay_m - plan.near
        centre = plan.near + lanes * (0.29 if way > 0 else 0.73)
        low, high = plan.visible_span(centre + 2)
        low, high = max(low - 9, -110.0), min(high + 9, 110.0)
        stop = plan.crossing - 3.6 * way
        ends = sorted(((low - stop) * way, (high - stop) * way))
        for slot in range(int(np.floor((driven - ends[1]) / GAP_M)), int(np.ceil((driven - ends[0]) / GAP_M)) + 1):
            seed = plan.seed * 1_000_003 + lane * 7919 + slot * _TURN
            rng = np.random.default_rng([abs(seed), 72, slot % 2])
            if rng.random() > 0.30 + 0.33 * plan.density:
                continue
            look = random_vehicle(abs(seed))
            s = stop + way * (driven - slot * GAP_M - look.shape.length / 2)
            if not low - 6 < s < high + 6:
                continue
            yield self._vehicle(
                _identity(lane, slot), abs(seed), look, s, centre, 0.0 if way > 0 else np.pi, driven, speed < 3
            )

    def _vehicle(
        self, key: int, seed: int, look: Vehicle, s: float, t: float, heading: float, driven: float, brake: bool
    ) -> Being:
        half = look.shape.length / 2, look.shape.width / 2
        return Being(key, "vehicle", seed, float(s), float(t), float(heading), driven, "walk", *half, brake)

    def _parked(self) -> Iterator[Being]:
        plan = self._plan
        if plan.bay_m <= 0:
            return
        rng = np.random.default_rng([plan.seed, 73])
        low, high = plan.visible_span(plan.far)
        slots = np.arange(max(low - 4, -60.0), min(high + 4, 60.0), 6.2)
        for i, s in enumerate(slots):
            seed = int(rng.integers(1 << 30))
            look = random_vehicle(seed, bus=False)
            if rng.random() < 0.55 and abs(s - plan.crossing) > 5.5:
                yield self._vehicle(_identity(9, i), seed, look, s, plan.far - 1.05, np.pi, float(i), False)

    def _walkers(self, time_s: float, lane: int) -> Iterator[Being]:
        """People along a pavement, some with a dog, some who stop for a while."""
        gap = self._walk_gap_s[lane]
        for turn in range(int(np.floor((time_s - 130) / gap)), int(np.ceil((time_s + 60) / gap)) + 1):
            yield from _beings(self._stroll(lane, turn), time_s)

    def _make_stroll(self, lane: int, turn: int) -> "Walk":
        plan, gap = self._plan, self._walk_gap_s[lane]
        rng = np.random.default_rng([plan.seed, 74, lane, turn + 100_000])
        near = rng.uniform(plan.near - 3.0, plan.near - 2.1), rng.uniform(plan.far + 1.0, plan.front - 0.75)
        t = near[0] if lane == 3 else near[1]
        low, high = plan.visible_span(t)
        low, high = max(low - 1.2, -52.0), min(high + 1.2, 52.0)
        drift, split = rng.uniform(-0.5, 0.5), rng.uniform(0.25, 0.75)
        ends = np.array([[low, t - drift], [high, t + drift]])
        ends = ends[::-1] if rng.random() < 0.5 else ends
        points = np.array([ends[0], ends[0] * (1 - split) + ends[1] * split, ends[1]])
        speed = float(rng.uniform(1.05, 1.55))
        pause_s = float(rng.uniform(6, 22)) if rng.random() < 0.18 else 0.0
        start = turn * gap + rng.uniform(0, gap) - 0.5 * (high - low) / speed
        return self._walk(Route(points, speed, float(start), 1, pause_s), _identity(lane, turn), rng)

    def _walk(self, route: Route, key: int, rng: np.random.Generator) -> "Walk":
        act: Act = "phone" if rng.random() < 0.5 else "stand"
        side = float(rng.choice([-0.75, 0.75])) if rng.random() < self._dog_share else 0.0
        return Walk(key, int(rng.integers(1 << 30)), route, act, side)

    def _crossers(self, time_s: float) -> Iterator[Being]:
        """People who wait at the kerb until the traffic rests, cross, and walk on."""
        now = int(np.floor((time_s + self._offset_s) / PERIOD_S))
        for turn in range(now - 4, now + 4):
            for walk in self._group(turn):
                yield from _beings(walk, time_s)

    def _make_group(self, turn: int) -> "tuple[Walk, ...]":
        plan = self._plan
        rng = np.random.default_rng([plan.seed, 75, turn + 100_000])
        go = turn * PERIOD_S - self._offset_s + DRIVE_S
        walks = []
        for member in range(int(rng.integers(1, 5))):
            s = plan.crossing + rng.uniform(-1.4, 1.4)
            here, there = rng.uniform(plan.near - 3.0, plan.near - 2.0), rng.uniform(plan.far + 1.0, plan.front - 0.8)
            ends = self._edge(here, rng.random() < 0.5), self._edge(there, rng.random() < 0.5)
            kerbs = plan.near - 0.45 - rng.uniform(0, 0.4), plan.far + 0.45
            points = np.array(
                [[ends[0], here], [s, kerbs[0]], [s + rng.uniform(-0.5, 0.5), kerbs[1]], [ends[1], there]]
            )
            points = points if rng.random() < 0.5 else points[::-1]
            speed, pause_s = float(rng.uniform(1.2, 1.6)), float(rng.uniform(1.0, 7.0))
            before = float(np.hypot(*(points[1] - points[0])))
            start = go + rng.uniform(0.2, 1.2) - pause_s - before / speed
            walks.append(
                self._walk(Route(points, speed, float(start), 1, pause_s), _identity(5, turn * 5 + member), rng)
            )
        return tuple(walks)

    def _edge(self, t: float, right: bool) -> float:
        low, high = self._plan.visible_span(t)
        return min(high + 1.2, 52.0) if right else max(low - 1.2, -52.0)

    def _riders(self, time_s: float) -> Iterator[Being]:
        plan, gap = self._plan, self._ride_gap_s
        for turn in range(int(np.floor((time_s - 60) / gap)), int(np.ceil((time_s + 20) / gap)) + 1):
            rng = np.random.default_rng([plan.seed, 76, turn + 100_000])
            t = plan.near - 1.35 + rng.uniform(-0.12, 0.12)
            ends = [self._edge(t, False) - 0.8, self._edge(t, True) + 0.8]
            points = np.array([[ends[0], t], [ends[1], t]])
            points = points if rng.random() < 0.5 else points[::-1]
            speed = float(rng.uniform(3.4, 5.2))
            start = turn * gap + rng.uniform(0, gap) - (ends[1] - ends[0]) / speed / 2
            place = Route(points, speed, start).at(time_s)
            seed = int(rng.integers(1 << 30))
            if place is None:
                continue
            key = _identity(6, turn)
            yield Being(key, "bicycle", seed, place.s, place.t, place.heading, place.travel_m, "ride", 0.85, 0.25)
            yield Being(key + 1, "rider", seed, place.s, place.t, place.heading, place.travel_m, "ride", 0.5, 0.25)

    def _waiting(self, time_s: float) -> Iterator[Being]:
        """A few who stay where they are: at the bus shelter, before a shop."""
        plan = self._plan
        rng = np.random.default_rng([plan.seed, 77])
        spots = [(p.s, plan.far + 1.0) for p in plan.props if p.kind == "shelter"] * 2
        low, high = plan.visible_span(plan.front - 0.8)
        spots.append((float(rng.uniform(max(low, -30.0), min(high, 30.0))), plan.front - 0.8))
        for i, (s, t) in enumerate(spots):
            seed, heading = int(rng.integers(1 << 30)), -np.pi / 2 + rng.uniform(-0.7, 0.7)
            act: Act = "phone" if rng.random() < 0.5 else "stand"
            s += rng.uniform(-1.4, 1.4)
            yield Being(_identity(8, i), "person", seed, float(s), t, float(heading), 0.0, act)
