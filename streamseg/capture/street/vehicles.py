"""Cars, vans and buses as solids: a lofted body, glass, lights, plates and wheels that turn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.capture.street.looks import Rgb
from streamseg.capture.street.shapes import SHAPES, Body, Shape
from streamseg.capture.street.solid import Solid, join, loft, paint
from streamseg.capture.street.vehicle_parts import PLASTIC, lights, sheet, trimmings, wheel

F32 = npt.NDArray[np.float32]

PAINTS: tuple[Rgb, ...] = (
    (0.86, 0.86, 0.85),
    (0.62, 0.64, 0.66),
    (0.09, 0.09, 0.10),
    (0.24, 0.25, 0.27),
    (0.11, 0.17, 0.32),
    (0.52, 0.08, 0.08),
    (0.20, 0.30, 0.26),
    (0.60, 0.55, 0.46),
    (0.25, 0.42, 0.58),
    (0.74, 0.73, 0.70),
    (0.70, 0.40, 0.12),
)
BUS_PAINTS: tuple[Rgb, ...] = (
    (0.62, 0.12, 0.10),
    (0.80, 0.66, 0.22),
    (0.18, 0.36, 0.52),
    (0.30, 0.46, 0.32),
    (0.84, 0.83, 0.80),
)
_GLASS = (0.10, 0.115, 0.13)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle's appearance."""

    body: Body
    rgb: Rgb
    stripe: Rgb | None

    @property
    def shape(self) -> Shape:
        """Its outline."""
        return SHAPES[self.body]

    @property
    def fine(self) -> str:
        """Its kind by the name people use: car, van, bus."""
        return self.body if self.body in ("van", "bus") else "car"


def random_vehicle(seed: int, *, bus: bool | None = None) -> Vehicle:
    """The vehicle of a seed; bus forces or forbids a bus."""
    rng = np.random.default_rng([seed, 4])
    body: Body = str(rng.choice(["hatch", "saloon", "estate", "suv", "van"], p=[0.27, 0.2, 0.17, 0.2, 0.16]))  # type: ignore[assignment]
    if bus or (bus is None and rng.random() < 0.09):
        body = "bus"
    palette = BUS_PAINTS if body == "bus" else PAINTS[:2] + PAINTS[8:10] if body == "van" else PAINTS
    base = np.clip(np.array(palette[int(rng.integers(len(palette)))]) * rng.uniform(0.9, 1.08), 0.03, 0.92)
    stripe = PAINTS[int(rng.integers(len(PAINTS)))] if body in ("van", "bus") and rng.random() < 0.7 else None
    return Vehicle(body, (float(base[0]), float(base[1]), float(base[2])), stripe)


def vehicle(look: Vehicle, travel_m: float, *, lamps: bool = False, brake: bool = False, stations: int = 34) -> Solid:
    """Faces of a vehicle, x forward, its middle at the origin; travel_m turns the wheels; lamps lights its lights."""
    shape = look.shape
    parts = [_body(look, stations), _ends(look), lights(shape, lamps, brake)]
    for share in shape.axles:
        parts += [wheel(shape, (share - 0.5) * shape.length, side, travel_m) for side in (1.0, -1.0)]
    parts += trimmings(shape, look.body, look.rgb)
    return join(parts)


def _rounded(knots: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A roof line without corners: averaged over a fiftieth of the length, its ends kept."""
    fine = np.linspace(0, 1, 401)
    line = np.interp(fine, knots[:, 0], knots[:, 1])
    padded = np.concatenate([np.full(9, line[0]), line, np.full(9, line[-1])])
    smooth = np.convolve(padded, np.hanning(21)[1:-1] / np.hanning(21).sum(), "valid")
    share = np.clip(np.minimum(fine, 1 - fine) / 0.03, 0, 1)
    return np.stack([fine, line * (1 - share) + smooth * share], -1)


def _finer(grid: F32) -> F32:
    """A point more between any two of a section (third axis from the end), on a Catmull-Rom curve."""
    before = np.concatenate([grid[:, :1], grid[:, :-2]], 1)
    after = np.concatenate([grid[:, 2:], grid[:, -1:]], 1)
    between = (9 * (grid[:, :-1] + grid[:, 1:]) - before - after) / 16
    out = np.empty((grid.shape[0], 2 * grid.shape[1] - 1, 3), np.float32)
    out[:, ::2], out[:, 1::2] = grid, between
    return out


def _sections(shape: Shape, count: int) -> tuple[F32, F32]:
    """Stations along the body (shares) and the grid of its skin [count, 17, 3]."""
    knots = _rounded(np.array(shape.top))
    marks = [share for share, _ in shape.top]
    pillars = np.array(shape.pillars)
    own = np.unique(np.round(np.concatenate([np.linspace(0, 1, count), marks, pillars, pillars + 0.012]), 3))
    top = np.interp(own, knots[:, 0], knots[:, 1])
    ends = 0.075 if shape.length < 6 else 0.012
    inset = np.clip(np.minimum(own, 1 - own) / ends, 0, 1)
    half = shape.width / 2 * (0.86 + 0.14 * np.sqrt(1 - (1 - inset) ** 2))
    belt = np.minimum(shape.belt + 0.05 * (0.5 - own), top - 0.02)
    rise = np.clip((top - belt) / 0.45, 0, 1)
    roof = half * (0.93 + (shape.lean - 0.93) * rise)
    floor = shape.sill + 0.10 * (1 - inset) ** 2
    mid = floor + (belt - floor) * 0.5
    waist = 0.95 * half
    # from the sill up the side to the belt, over the window to the middle of the roof
    y = [waist, 0.99 * half, half, 0.985 * half, waist]
    y += [waist + (roof - waist) * share for share in (0.38, 0.80)] + [0.93 * roof, 0 * roof]
    z = [floor, floor + 0.09, mid, belt - 0.05, belt]
    z += [belt + (top - belt) * share for share in (0.38, 0.86)] + [top, top + 0.012]
    left = np.stack([np.stack(y, 1), np.stack(z, 1)], -1)
    right = left[:, -2::-1] * [-1, 1]
    section = np.concatenate([left, right], 1)
    x = np.broadcast_to((own * shape.length - shape.length / 2)[:, None, None], (*section.shape[:2], 1))
    return own.astype(np.float32), np.concatenate([x, section], -1).astype(np.float32)


def _body(look: Vehicle, stations: int) -> Solid:
    shape = look.shape
    own, grid = _sections(shape, stations)
    # sections run from the left sill over the roof to the right one; stations run forward
    fine = stations > 30
    quads = loft(_finer(grid) if fine else grid, wrap=False)
    share = (own[:-1] + own[1:]) / 2
    top, belt = grid[:, 8, 2], grid[:, 4, 2]
    slope = np.abs(np.diff(top) / np.maximum(np.abs(np.diff(grid[:, 0, 0])), 1e-3))
    tall = ((top[1:] + top[:-1]) - (belt[1:] + belt[:-1])) / 2
    colours = np.empty((len(own) - 1, 16, 3), np.float32)
    colours[:] = look.rgb
    gloss = np.full(colours.shape[:2], 0.42, np.float32)
    colours[:, [0, 15]], gloss[:, [0, 15]] = PLASTIC, 0.1
    if look.stripe:
        colours[:, [2, 13]] = look.stripe
    glass = np.zeros(colours.shape[:2], bool)
    window = (tall > 0.24) & (share > shape.pillars[0] * 0.62) & (slope < 1.6)
    if look.body == "van":
        window &= share > 0.69
    for pillar in shape.pillars:
        window &= np.abs(share - pillar - 0.006) > 0.0065
    for column in (4, 5, 10, 11):
        glass[:, column] = window
    screen = (slope > 0.40) & (tall > 0.10) & (top[1:] > shape.belt + 0.08)
    if look.body == "van":
        screen &= share > 0.6
    for column in (6, 7, 8, 9):
        glass[:, column] = screen
    colours[glass], gloss[glass] = _GLASS, 0.85
    times = 2 if fine else 1
    flat = paint(quads, colours.repeat(times, 1))
    return Solid(flat.quads, flat.albedo, gloss.repeat(times, 1).ravel(), flat.glow, flat.bias)


def _ends(look: Vehicle) -> Solid:
    """Front and rear faces that close the body, with grille and number plates."""
    shape = look.shape
    parts = []
    for end in (0, -1):
        ring = _sections(shape, 4)[1][end]
        middle = np.array([ring[0, 0], 0, (ring[:, 2].max() + ring[:, 2].min()) / 2], np.float32)
        following = np.roll(ring, -1, axis=0)
        fan = np.stack([ring, (ring + middle) / 2, (following + middle) / 2, following], 1)
        core = np.stack(
            [
                (ring + middle) / 2,
                np.broadcast_to(middle, ring.shape),
                np.broadcast_to(middle, ring.shape),
                (following + middle) / 2,
            ],
            1,
        )
        faces = np.concatenate([fan, core])
        parts.append(paint(faces if end == 0 else faces[:, ::-1], look.rgb, gloss=0.3))
    front, low = shape.length / 2, shape.sill
    wide = shape.width * 0.5
    plate = (0.86, 0.86, 0.80)
    tall = shape.belt - low
    parts.append(sheet(front + 0.02, wide * 0.62, low + 0.16 * tall, low + 0.52 * tall, (0.03, 0.03, 0.035), bias=0.3))
    parts.append(sheet(front + 0.03, 0.26, low + 0.20 * tall, low + 0.34 * tall, plate, bias=0.45))
    parts.append(sheet(-front - 0.02, wide * 0.80, low, low + 0.22 * tall, PLASTIC, bias=0.3))
    parts.append(sheet(-front - 0.03, 0.26, low + 0.36 * tall, low + 0.50 * tall, plate, bias=0.45))
    if look.body == "bus":
        parts.append(sheet(front + 0.02, wide * 0.86, 1.22, 2.45, _GLASS, bias=0.3, gloss=0.85))
        parts.append(sheet(front + 0.03, wide * 0.6, 2.54, 2.80, (0.95, 0.62, 0.12), bias=0.45, glow=0.8))
        parts.append(sheet(-front - 0.02, wide * 0.7, 1.7, 2.5, _GLASS, bias=0.3, gloss=0.85))
    return join(parts)
