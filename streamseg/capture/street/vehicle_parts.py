"""What is put on a vehicle's body: lights, wheels, plates, mirrors, door gaps."""

import numpy as np
import numpy.typing as npt

from streamseg.capture.street.looks import Rgb
from streamseg.capture.street.shapes import Body, Shape
from streamseg.capture.street.solid import Solid, box, disc, join, paint

F32 = npt.NDArray[np.float32]
PLASTIC: Rgb = (0.07, 0.07, 0.075)


def sheet(
    x: float, half: float, low: float, high: float, rgb: Rgb, *, bias: float, gloss: float = 0.1, glow: float = 0.0
) -> Solid:
    """An upright rectangle across the vehicle at x, seen from the end it is nearer to."""
    sign = 1 if x > 0 else -1
    corners = [[x, -half * sign, low], [x, half * sign, low], [x, half * sign, high], [x, -half * sign, high]]
    return paint(np.array([corners], np.float32), rgb, gloss=gloss, glow=glow, bias=bias)


def lights(shape: Shape, lamps: bool, brake: bool) -> Solid:
    """Head and tail lights that wrap around the corners; lamps: lit; brake: the rear ones bright."""
    front, half = shape.length / 2, shape.width / 2
    mid = shape.sill + (shape.belt - shape.sill) * 0.62
    wrap = min(0.30, shape.length * 0.055)
    parts = []
    for side in (1.0, -1.0):
        for end, rgb, shine in (
            (1, (0.95, 0.95, 0.90), 1.0 if lamps else 0.25),
            (-1, (0.75, 0.06, 0.05), 0.95 if lamps or brake else 0.15),
        ):
            y0, y1 = half * 0.46 * side, half * 0.885 * side
            a, b = [end * (front + 0.02), y0], [end * (front + 0.015), y1]
            c = [end * (front - wrap), half * 0.985 * side]
            low, high = mid - 0.075, mid + 0.075
            strips = []
            for p, q in ((a, b), (b, c)):
                strip = np.array([[*p, low], [*q, low], [*q, high], [*p, high]], np.float32)
                strips.append(strip if side * end > 0 else strip[::-1])
            colour = rgb if end == 1 or not brake else (1.0, 0.16, 0.10)
            parts.append(paint(np.array(strips), colour, gloss=0.4, glow=shine, bias=0.45))
    return join(parts)


def wheel(shape: Shape, x: float, side: float, travel_m: float) -> Solid:
    """A wheel at x on a side (+1 left, -1 right), turned by travel_m, in its dark arch."""
    r, y = shape.wheel, shape.width / 2 * side
    arch = disc((x, y * 1.0 + 0.004 * side, r + 0.03), r * 1.16, side, 24)
    arch = arch[arch[..., 2].min(1) > shape.sill * 0.6]
    tyre = disc((x, y + 0.012 * side, r), r, side, 28)
    wall = disc((x, y + 0.016 * side, r), r * 0.70, side, 24)
    hub = disc((x, y + 0.022 * side, r), r * 0.17, side, 10)
    parts = [
        paint(arch, (0.025, 0.025, 0.028), bias=0.25),
        paint(tyre, (0.05, 0.05, 0.052), bias=0.35),
        paint(wall, (0.20, 0.205, 0.21), bias=0.45),
        paint(hub, (0.55, 0.56, 0.57), gloss=0.3, bias=0.65),
    ]
    turn = -travel_m / r + np.arange(5) * 2 * np.pi / 5
    along = np.stack([np.cos(turn), np.zeros(5), np.sin(turn)], -1)
    across = np.stack([-np.sin(turn), np.zeros(5), np.cos(turn)], -1)
    middle = np.array([x, y + 0.02 * side, r])
    inner, outer = along * r * 0.12, along * r * 0.66
    spokes = np.stack([inner - across * 0.05, outer - across * 0.035, outer + across * 0.035, inner + across * 0.05], 1)
    spokes = (spokes + middle).astype(np.float32)
    parts.append(paint(spokes[:, ::-1] if side > 0 else spokes, (0.56, 0.57, 0.58), gloss=0.3, bias=0.55))
    return join(parts)


def trimmings(shape: Shape, body: Body, rgb: Rgb) -> list[Solid]:
    """Mirrors, door gaps and handles."""
    parts = []
    half = shape.width / 2
    door = (shape.pillars[-1] - 0.5) * shape.length
    lines = [door + 0.03, door + 1.02, door - 0.95] if body not in ("van", "bus") else [door + 0.05, door + 1.0]
    dark = tuple(c * 0.35 for c in rgb)
    for side in (1.0, -1.0):
        y = half * 1.004 * side
        for x in lines:
            strip = np.array(
                [
                    [x, y, shape.sill + 0.12],
                    [x + 0.018, y, shape.sill + 0.12],
                    [x + 0.018, y * 0.97, shape.belt - 0.02],
                    [x, y * 0.97, shape.belt - 0.02],
                ]
            )
            parts.append(paint(np.array([strip[::-1] if side > 0 else strip], np.float32), dark, bias=0.2))
        for x in lines[1:]:
            grip = np.array(
                [
                    [x - 0.30, y, shape.belt - 0.14],
                    [x - 0.12, y, shape.belt - 0.14],
                    [x - 0.12, y, shape.belt - 0.10],
                    [x - 0.30, y, shape.belt - 0.10],
                ]
            )
            if body not in ("van", "bus"):
                parts.append(
                    paint(np.array([grip[::-1] if side > 0 else grip], np.float32), dark, gloss=0.3, bias=0.25)
                )
        x = (shape.top[-4][0] - 0.5) * shape.length - 0.18
        mirror = box(
            (x - 0.06, min(y, y + 0.2 * side), shape.belt), (x + 0.08, max(y, y + 0.2 * side), shape.belt + 0.15)
        )
        parts.append(paint(mirror, rgb if body not in ("van", "bus") else PLASTIC, gloss=0.2, bias=0.1))
    return parts
