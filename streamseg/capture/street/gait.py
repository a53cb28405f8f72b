"""How bodies move: joints of a person who walks, stands, looks at a phone or pedals.

Body proportions follow Drillis and Contini (1966) as given in Winter, Biomechanics and Motor Control of Human
Movement, figure 4.1: joints as shares of the body's height. Walking angles are smooth fits to Winter's normal gait.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
Act = Literal["walk", "stand", "phone", "ride"]
STRIDE_SHARE = 0.77
"""Metres a person walks in one cycle of both legs, as a share of the body's height."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Joints in metres, x forward, y left, z up, ground at 0; the first index of limbs is left, right.

    arms: [2, 3, 3] shoulder, elbow, wrist; legs: [2, 3, 3] hip, knee, ankle; feet: [2, 3] where the toes point
    (unit); pelvis, chest, head: [3] centres; twist: radians of the shoulders against the hips.
    """

    arms: F32
    legs: F32
    feet: F32
    pelvis: F32
    chest: F32
    head: F32
    twist: float
    gaze: float = 0.0


def _swing(angle: npt.ArrayLike, length: float) -> F32:
    """A bone that hangs down and is swung forward by angle (radians)."""
    angle = np.asarray(angle)
    return np.stack([np.sin(angle), np.zeros_like(angle), -np.cos(angle)], -1).astype(np.float32) * np.float32(length)


def _bend(root: F32, target: F32, lengths: tuple[float, float], towards: F32) -> F32:
    """The middle joint of two bones from root to target, bent towards a direction."""
    line = target - root
    reach = min(float(np.linalg.norm(line)), sum(lengths) * 0.999)
    line = line / (np.linalg.norm(line) + 1e-9)
    along = (lengths[0] ** 2 - lengths[1] ** 2 + reach**2) / (2 * reach)
    away = towards - (towards @ line) * line
    away /= np.linalg.norm(away) + 1e-9
    joint = root + line * along + away * np.sqrt(max(0.0, lengths[0] ** 2 - along**2))
    return np.stack([root, joint, root + line * reach]).astype(np.float32)


def _frame(height: float, pelvis: F32, lean: float, twist: float, breadth: float) -> tuple[F32, F32, F32]:
    """Chest centre, head centre and the two shoulders above a pelvis."""
    spine = np.array([np.sin(lean), 0, np.cos(lean)], np.float32)
    chest = pelvis + spine * np.float32(0.215 * height)
    head = pelvis + spine * np.float32(0.335 * height) + np.array([0.012 * height, 0, 0.071 * height], np.float32)
    half = np.float32(0.101 * height * breadth)
    left = np.array([-np.sin(twist), np.cos(twist), 0], np.float32) * half
    top = chest + spine * np.float32(0.050 * height)
    return chest, head, np.stack([top + left, top - left])


def walk(height: float, phase: float, *, pace: float = 1.0, breadth: float = 1.0) -> Pose:
    """A walking person; phase in radians, one cycle of both legs in 2 pi; pace scales the swing."""
    p = np.array([phase, phase + np.pi], np.float32)
    thigh = 0.04 + 0.385 * pace * np.cos(p) + 0.04 * np.cos(2 * p)
    flex = (
        0.08 + 0.88 * pace * np.clip(np.sin(p - np.pi + 0.22), 0, None) ** 1.4 + 0.12 * np.clip(np.sin(p - 0.2), 0, 1)
    )
    hips = np.zeros((2, 3), np.float32)
    hips[:, 1] = [0.048 * height, -0.048 * height]
    knees = hips + _swing(thigh, 0.245 * height)
    ankles = knees + _swing(thigh - flex, 0.246 * height)
    pitch = 0.25 * np.cos(p) - 0.75 * np.clip(-np.cos(p + 0.25), 0, 1) ** 3
    feet = np.stack([np.cos(pitch), np.zeros(2), np.sin(pitch)], -1).astype(np.float32)
    lift = 0.039 * height + 0.10 * height * np.clip(-np.sin(pitch), 0, 1) * 0.9
    base = float((lift - ankles[:, 2]).max())
    pelvis = np.array([0, 0, base], np.float32)
    twist = float(-0.16 * pace * np.cos(phase))
    chest, head, shoulders = _frame(height, pelvis, 0.05 * pace, twist, breadth)
    reach = -0.36 * pace * np.cos(p)
    elbows = shoulders + _swing(reach, 0.172 * height)
    elbows[:, 1] += np.float32(0.016 * height) * np.array([1, -1], np.float32)
    wrists = elbows + _swing(reach + 0.24 + 0.3 * np.clip(reach, 0, 1), 0.158 * height)
    return Pose(
        np.stack([shoulders, elbows, wrists], 1),
        np.stack([hips, knees, ankles], 1) + pelvis,
        feet,
        pelvis,
        chest,
        head,
        twist,
    )


def stand(height: float, time_s: float, *, act: Act = "stand", breadth: float = 1.0) -> Pose:
    """A standing person who sways a little; with act 'phone' one hand holds something before the chest."""
    sway = 0.012 * height * np.array([np.sin(time_s * 0.7), np.sin(time_s * 0.43 + 1), 0], np.float32)
    pelvis = np.array([0, 0, 0.528 * height], np.float32) + sway
    hips = pelvis + np.array([[0, 0.048, 0], [0, -0.048, 0]], np.float32) * height
    spots = np.array([[0.01, 0.065, 0.039], [-0.02, -0.06, 0.039]], np.float32) * height
    forward = np.array([1, 0, 0], np.float32)
    lengths = 0.246 * height, 0.247 * height
    legs = np.stack([_bend(h, a, lengths, forward) for h, a in zip(hips, spots, strict=True)])
    chest, head, shoulders = _frame(height, pelvis, 0.02, 0.05 * np.sin(time_s * 0.3), breadth)
    hang = np.array([[0.02, 0.03, -0.325], [0.03, -0.03, -0.32]], np.float32) * height
    if act == "phone":
        hang[1] = np.array([0.17, 0.06, -0.10], np.float32) * height
        head = head + np.array([0.012, 0, -0.006], np.float32) * height
    down = np.array([-0.6, 0, -0.8], np.float32)
    bones = 0.172 * height, 0.158 * height
    arms = np.stack([_bend(s, s + h, bones, down) for s, h in zip(shoulders, hang, strict=True)])
    toes = np.array([[0.97, 0.24, 0], [0.97, -0.24, 0]], np.float32)
    return Pose(arms, legs, toes, pelvis, chest, head, 0.0, 0.5 * float(np.sin(time_s * 0.21)))


def ride(height: float, crank: float) -> Pose:
    """A rider on a bicycle whose wheels stand at x = -0.52 and 0.52; crank in radians."""
    pelvis = np.array([-0.24, 0, 0.93 + 0.06 * (height - 1.7)], np.float32)
    hips = pelvis + np.array([[0, 0.05, 0], [0, -0.05, 0]], np.float32) * height
    angle = np.array([crank, crank + np.pi])
    pedals = np.stack([-0.05 + 0.17 * np.cos(angle), [0.11, -0.11], 0.29 - 0.17 * np.sin(angle)], -1)
    spots = (np.add(pedals, [-0.06, 0, 0.09])).astype(np.float32)
    forward = np.array([1, 0, 0.4], np.float32)
    lengths = 0.245 * height, 0.246 * height
    legs = np.stack([_bend(h, a, lengths, forward) for h, a in zip(hips, spots, strict=True)])
    chest, head, shoulders = _frame(height, pelvis, 0.42, 0.0, 1.0)
    head = head + np.array([0.01, 0, 0.01], np.float32)
    grips = np.array([[0.40, 0.24, 1.02], [0.40, -0.24, 1.02]], np.float32)
    out = np.array([[-0.3, 0.6, -0.8], [-0.3, -0.6, -0.8]], np.float32)
    bones = 0.172 * height, 0.175 * height
    arms = np.stack([_bend(s, g, bones, o) for s, g, o in zip(shoulders, grips, out, strict=True)])
    toes = np.tile(np.array([0.97, 0, -0.2], np.float32), (2, 1))
    return Pose(arms, legs, toes, pelvis, chest, head, 0.0)
