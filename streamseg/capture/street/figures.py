"""Beings to solids: the faces of an actor at its place, and its outline on the ground."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from streamseg.capture.street import gait
from streamseg.capture.street.animals import Dog, dog, random_dog
from streamseg.capture.street.bicycle import GEAR, WHEEL_M, bicycle, crank_angle
from streamseg.capture.street.looks import Look, random_look
from streamseg.capture.street.people import person
from streamseg.capture.street.scene import Being
from streamseg.capture.street.solid import Solid
from streamseg.capture.street.vehicles import PAINTS, Vehicle, random_vehicle, vehicle

F32 = npt.NDArray[np.float32]
LABELS = {"person": "person", "rider": "person", "vehicle": "vehicle", "bicycle": "vehicle", "dog": "animal"}
"""Category of every kind of being."""


@lru_cache(maxsize=512)
def _look(seed: int, rider: bool) -> Look:
    return random_look(seed, rider=rider)


@lru_cache(maxsize=512)
def _vehicle(seed: int, parked: bool) -> Vehicle:
    return random_vehicle(seed, bus=False if parked else None)


@lru_cache(maxsize=128)
def _dog(seed: int) -> Dog:
    return random_dog(seed)


def fine_label(being: Being) -> str:
    """What people would call it: person, car, van, bus, bicycle, dog."""
    if being.kind == "vehicle":
        return _vehicle(being.seed, is_parked(being)).fine
    return "person" if being.kind == "rider" else being.kind


def is_parked(being: Being) -> bool:
    """Whether it is a vehicle of the parking bay."""
    return being.id // 8 // 200_000 == 9


def figure(being: Being, step: int, size_px: float, *, lamps: bool) -> Solid:
    """Faces of a being where it is, at a step of its cycle; size_px, the pixels a metre spans, sets the detail.

    Motion goes in small steps (a fortieth of a stride and the like), so that a body once built is used again.
    """
    detail = 10 if size_px > 80 else 8 if size_px > 45 else 6 if size_px > 22 else 5
    if being.kind in ("person", "rider"):
        solid = _body(being.seed, being.act, step, detail)
    elif being.kind == "vehicle":
        parked = is_parked(being)
        look = _vehicle(being.seed, parked)
        spoke_m = look.shape.wheel * 2 * np.pi / 5
        turn = int(being.travel_m / spoke_m * 8) % 8
        solid = _car(being.seed, parked, turn, (lamps and not parked, being.brake), detail)
    elif being.kind == "bicycle":
        solid = _bicycle(being.seed, step)
    else:
        solid = _hound(being.seed, being.act, step)
    return solid.placed(being.heading, being.s, being.t)


_STEPS = 40


def step_of(being: Being, time_s: float) -> int:
    """Which step of its cycle a being is in: of a stride, a turn of the cranks; fifths of a second if it stands."""
    if being.kind == "vehicle":
        return 0
    if being.act == "ride":
        return int(crank_angle(being.travel_m) / (2 * np.pi) * _STEPS) % _STEPS
    if being.act != "walk":
        return int(time_s * 5)
    if being.kind == "dog":
        return int(being.travel_m / (_dog(being.seed).height * 1.15 + 0.2) * _STEPS) % _STEPS
    stride = gait.STRIDE_SHARE * _look(being.seed, False).height
    return int((being.travel_m / stride + (being.seed % 60) / 60) * _STEPS) % _STEPS


@lru_cache(maxsize=1200)
def _body(seed: int, act: gait.Act, step: int, points: int) -> Solid:
    look = _look(seed, act == "ride")
    turn = 2 * np.pi * step / _STEPS
    if act == "ride":
        pose = gait.ride(look.height, turn)
    elif act == "walk":
        pose = gait.walk(look.height, turn, breadth=look.breadth)
    else:
        pose = gait.stand(look.height, step / 5 + seed % 97, act=act, breadth=look.breadth)
    return person(look, pose, points=points)


@lru_cache(maxsize=300)
def _car(seed: int, parked: bool, step: int, shines: tuple[bool, bool], detail: int) -> Solid:
    look = _vehicle(seed, parked)
    travel_m = step / 8 * look.shape.wheel * 2 * np.pi / 5
    stations = {10: 32, 8: 20, 6: 12, 5: 8}[detail]
    return vehicle(look, travel_m, lamps=shines[0], brake=shines[1], stations=stations)


@lru_cache(maxsize=300)
def _bicycle(seed: int, step: int) -> Solid:
    return bicycle(PAINTS[seed % len(PAINTS)], step / _STEPS * 2 * np.pi * GEAR * WHEEL_M)


@lru_cache(maxsize=300)
def _hound(seed: int, act: gait.Act, step: int) -> Solid:
    moving = act == "walk"
    return dog(_dog(seed), 2 * np.pi * step / _STEPS if moving else 0.0, 0.0 if moving else step / 5, moving=moving)


def footprint(being: Being) -> F32:
    """Outline [K, 2] of what touches or nearly touches the ground, s and t in metres."""
    if being.kind == "vehicle":
        x, y = being.half_s * 0.96, being.half_t * 0.92
        own = np.array([[-x, -y], [x, -y], [x, y], [-x, y]])
    else:
        reach = {"bicycle": (0.8, 0.06), "rider": (0.3, 0.12), "dog": (0.28, 0.10)}.get(being.kind, (0.20, 0.15))
        turn = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        own = np.stack([np.cos(turn) * reach[0], np.sin(turn) * reach[1]], -1)
    sine, cosine = np.sin(being.heading), np.cos(being.heading)
    turned = np.stack([own[:, 0] * cosine - own[:, 1] * sine, own[:, 0] * sine + own[:, 1] * cosine], -1)
    return (np.add(turned, [being.s, being.t])).astype(np.float32)
