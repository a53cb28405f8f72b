"""Dogs as solids: several builds and coats, trotting or standing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.capture.street.looks import Rgb
from streamseg.capture.street.solid import Solid, ball, join, paint, tube

F32 = npt.NDArray[np.float32]
COATS: tuple[tuple[Rgb, Rgb], ...] = (
    ((0.10, 0.09, 0.08), (0.45, 0.27, 0.13)),
    ((0.72, 0.55, 0.33), (0.82, 0.70, 0.50)),
    ((0.86, 0.83, 0.78), (0.30, 0.20, 0.13)),
    ((0.33, 0.21, 0.13), (0.20, 0.12, 0.08)),
    ((0.06, 0.06, 0.065), (0.85, 0.83, 0.80)),
    ((0.58, 0.55, 0.52), (0.80, 0.78, 0.75)),
)


@dataclass(frozen=True, slots=True)
class Dog:
    """One dog: height at the shoulder in metres, length and stoutness as factors around 1, coat colours."""

    height: float
    length: float
    stout: float
    coat: Rgb
    second: Rgb
    patches: float
    drop_ears: bool
    tail_up: float


def random_dog(seed: int) -> Dog:
    """The dog of a seed."""
    rng = np.random.default_rng([seed, 6])
    coat, second = COATS[int(rng.integers(len(COATS)))]
    return Dog(
        height=float(rng.choice([0.34, 0.48, 0.60]) * rng.uniform(0.92, 1.1)),
        length=float(rng.uniform(0.95, 1.2)),
        stout=float(rng.uniform(0.85, 1.2)),
        coat=coat,
        second=second,
        patches=float(rng.uniform(0, 0.9)),
        drop_ears=bool(rng.random() < 0.55),
        tail_up=float(rng.uniform(-0.3, 0.9)),
    )


def dog(look: Dog, phase: float, time_s: float, *, moving: bool = True) -> Solid:
    """Faces of a dog in metres, x forward; phase: radians of its trot (diagonal legs together)."""
    h = look.height
    length = 1.05 * h * look.length
    bob = 0.015 * h * np.cos(2 * phase) if moving else 0.0
    top = 0.80 * h + bob
    parts = [_trunk(look, length, top)]
    parts += _legs(look, length, top, phase if moving else None)
    parts += _neck_head(look, length, top, 0.06 * np.sin(phase * 2) + 0.3 * np.sin(time_s * 0.9))
    wag = 0.8 * np.sin(2 * phase + time_s * 9.0)
    root = np.array([-0.50 * length, 0, top + 0.06 * h])
    lift = look.tail_up
    tail = [
        root,
        np.add(root, [-0.16 * h, wag * 0.06, 0.10 * h * lift]),
        np.add(root, [-0.30 * h, wag * 0.16, 0.30 * h * lift]),
    ]
    parts.append(paint(tube(tail, np.array([[0.040], [0.032], [0.012]]).repeat(2, 1) * h, (0, 1, 0), 6), look.coat))
    return join(parts)


def _speckle(look: Dog, quads: F32, base: Rgb) -> F32:
    """A coat with patches and ruffled fur, a colour a face."""
    middle = quads.reshape(-1, 4, 3).mean(1) / look.height
    wave = np.sin(middle @ np.array([7.0, 5.0, 9.0]) + look.patches * 20)
    colours = np.where((wave > 1 - look.patches)[:, None], np.array(look.second), np.array(base))
    belly = np.clip(0.75 + 0.45 * (middle[:, 2:3] - 0.45), 0.7, 1.06)
    ruffle = np.sin(np.arange(len(middle)) * 12.9898) * 43758.5453
    return np.asarray(colours * belly * (1 + 0.16 * (ruffle - np.floor(ruffle) - 0.5))[:, None], np.float32)


def _trunk(look: Dog, length: float, top: float) -> Solid:
    h = look.height
    share = np.array([-0.54, -0.46, -0.30, -0.08, 0.14, 0.32, 0.46, 0.54])
    deep = np.array([0.09, 0.155, 0.165, 0.165, 0.20, 0.215, 0.17, 0.10]) * h * look.stout
    wide = np.array([0.07, 0.12, 0.125, 0.135, 0.155, 0.15, 0.12, 0.07]) * h * look.stout
    drop = np.array([0.02, 0.0, 0.0, 0.0, 0.02, 0.03, 0.0, -0.02]) * h
    path = np.stack([share * length, np.zeros(8), top - 0.06 * h - drop], -1)
    quads = tube(path, np.stack([wide, deep], -1), (0, 1, 0), 12)
    return paint(quads, _speckle(look, quads, look.coat))


def _legs(look: Dog, length: float, top: float, phase: float | None) -> list[Solid]:
    h, parts = look.height, []
    for x, y, offset, hind in (
        (0.36, 1, 0.0, False),
        (0.36, -1, np.pi, False),
        (-0.42, 1, np.pi, True),
        (-0.42, -1, 0.0, True),
    ):
        swing = 0.42 * np.cos(phase + offset) if phase is not None else 0.03 * y
        lift = 0.6 * max(0.0, -np.sin(phase + offset + 0.3)) if phase is not None else 0.0
        hip = np.array([x * length, 0.085 * h * y * look.stout, top - 0.10 * h])
        upper, lower = 0.36 * h, 0.40 * h
        bend = (0.35 + lift) * (1 if hind else -1)
        knee = hip + upper * np.array([np.sin(swing + bend * 0.5), 0, -np.cos(swing + bend * 0.5)])
        paw = knee + lower * np.array([np.sin(swing - bend * 0.55), 0, -np.cos(swing - bend * 0.55)])
        paw[2] = max(paw[2], 0.03 * h)
        toe = paw + np.array([0.05 * h, 0, -0.015 * h])
        path = np.stack([hip, (hip + knee) / 2, knee, (knee + paw) / 2, paw, toe])
        radius = np.array([0.105 if hind else 0.085, 0.08 if hind else 0.062, 0.048, 0.036, 0.036, 0.03]) * h
        quads = tube(path, np.stack([radius * 0.7, radius], -1), (0, 1, 0), 7)
        parts.append(paint(quads, _speckle(look, quads, look.coat)))
    return parts


def _neck_head(look: Dog, length: float, top: float, nod: float) -> list[Solid]:
    h = look.height
    base = np.array([0.42 * length, 0, top + 0.02 * h])
    head = base + np.array([0.20 * h, 0, (0.27 + nod * 0.2) * h])
    neck = tube(
        [np.add(base, [-0.06 * h, 0, -0.06 * h]), np.add(base, [0.07 * h, 0, 0.10 * h]), head],
        np.array([[0.13, 0.16], [0.10, 0.11], [0.08, 0.085]]) * h,
        (0, 1, 0),
        9,
    )
    skull = ball(np.add(head, [0.02 * h, 0, 0.01 * h]), (0.125 * h, 0.098 * h, 0.10 * h), 7, 10)
    snout = np.array([[0.08, 0, -0.015], [0.17, 0, -0.035], [0.24, 0, -0.045]]) * h
    muzzle = tube(head + snout, np.array([[0.062, 0.06], [0.050, 0.046], [0.034, 0.032]]) * h, (0, 1, 0), 8)
    nose = ball(np.add(head, [0.245 * h, 0, -0.022 * h]), (0.022 * h, 0.024 * h, 0.02 * h), 4, 6)
    parts = [paint(q, _speckle(look, q, look.coat)) for q in (neck, skull, muzzle)]
    parts.append(paint(nose, (0.04, 0.035, 0.035), bias=0.05))
    for y in (1, -1):
        eye = ball(np.add(head, [0.105 * h, 0.055 * h * y, 0.035 * h]), (0.015 * h,) * 3, 3, 6)
        parts.append(paint(eye, (0.03, 0.02, 0.02), bias=0.05))
        tip = np.array([-0.05, 0.135 * y, -0.06]) if look.drop_ears else np.array([-0.03, 0.075 * y, 0.20])
        root = head + np.array([-0.01, 0.065 * y, 0.065]) * h
        ear = tube(
            [root, root + (tip - [0, 0.065 * y, 0.0]) * h * 0.6, head + tip * h],
            np.array([[0.045, 0.02], [0.045, 0.018], [0.015, 0.008]]) * h,
            (1, 0, 0),
            6,
        )
        parts.append(paint(ear, np.array(look.second) * 0.9))
    return parts
