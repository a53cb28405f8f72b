"""Depth order: which of two things on the ground hides the other, and a list of them from far to near."""

from collections.abc import Sequence
from typing import Protocol


class Grounded(Protocol):
    """Anything with a place and half extents along s and t in metres."""

    @property
    def s(self) -> float: ...
    @property
    def t(self) -> float: ...
    @property
    def half_s(self) -> float: ...
    @property
    def half_t(self) -> float: ...


def nearer(a: Grounded, b: Grounded) -> bool:
    """Whether a may hide b from a camera at s = t = 0: it lies on the camera's side of a line that parts the two."""
    if abs(a.t - b.t) > a.half_t + b.half_t:
        return a.t < b.t
    if abs(a.s - b.s) > a.half_s + b.half_s:
        low, high = (a, b) if a.s < b.s else (b, a)
        line = (low.s + low.half_s + high.s - high.half_s) / 2
        return (line > 0) == (low is a)
    return a.s**2 + a.t**2 < b.s**2 + b.t**2


def far_to_near(things: Sequence[Grounded]) -> list[int]:
    """Indices such that whoever may hide another comes after it; rings are broken at the farthest."""
    left = sorted(range(len(things)), key=lambda i: -(things[i].s ** 2 + things[i].t ** 2))
    out: list[int] = []
    while left:
        free = (i for i in left if not any(j != i and nearer(things[i], things[j]) for j in left))
        pick = next(free, left[0])
        left.remove(pick)
        out.append(pick)
    return out
