"""Short sequences of one object with exact alpha and colours, out of the synthetic street.

They have hair-like strands at their borders, drawn four times finer than the picture and averaged, and some are blurred
by motion: colour (times alpha) and alpha are averaged over moments within the exposure, so they stay exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street import Street
from streamseg.capture.street.casting import Cast
from streamseg.capture.street.crops import blend
from streamseg.capture.street.figures import LABELS, step_of
from streamseg.capture.street.light import jitter
from streamseg.capture.street.order import far_to_near
from streamseg.capture.street.render import _PAD
from streamseg.geometry import SoftMask
from streamseg.pixels import planes_from_rgb
from streamseg.records import Color, Frame, Track

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
COLOR = Color(matrix="bt709", full_range=False, chroma_site="center")
SHOTS = 4
"""Frames of a sequence."""
CELLS = {720: 0.3, 1080: 0.2}
"""Cells of the mask per pixel of the frame, by its lines: the view is 768 wide, the mask's stride 2."""
_FINE = 4


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame: rgb uint8 [H, W, 3] as the camera gives it; alpha float32 [H, W] 0..1; colours float32 [H, W, 3]."""

    rgb: U8
    alpha: F32
    colours: F32

    def frame(self, seq: int) -> Frame:
        """As the product gets it, in planes."""
        return Frame("bench", seq, seq * 40_000_000, planes_from_rgb(self.rgb, COLOR), COLOR)

    def track(self, cells_per_px: float) -> Track:
        """With the true mask at the network's stride; its box holds all cells of which an eighth is the object."""
        height, width = (round(side * cells_per_px) for side in self.alpha.shape)
        cells = cv2.resize(self.alpha, (width, height), interpolation=cv2.INTER_AREA)
        rows, columns = (np.flatnonzero((cells > 1 / 8).any(axis)) for axis in (1, 0))
        (top, left), (low, right) = (rows[0], columns[0]), (rows[-1] + 1, columns[-1] + 1)
        x0, y0, x1, y1 = (float(edge / cells_per_px) for edge in (left, top, right, low))
        alpha = np.rint(cells[top:low, left:right] * 255).astype(np.uint8)
        return Track(1, "person", 1.0, (x0, y0, x1, y1), "active", SoftMask(alpha, (x0, y0, x1, y1)), "person")


@dataclass(frozen=True, slots=True)
class Clip:
    """One object over SHOTS frames; kind: "street" or "composite"; traits: what its border has."""

    name: str
    kind: str
    cells_per_px: float
    shots: tuple[Shot, ...]
    traits: frozenset[str] = field(default_factory=frozenset)


@dataclass(slots=True)
class Layer:
    """An object on a canvas: premultiplied colour and alpha, float32 [H, W, 4] in 0..255 and 0..1."""

    rgba: F32

    @property
    def alpha(self) -> F32:
        return self.rgba[:, :, 3]

    def moved(self, dx: float, dy: float, size_hw: tuple[int, int]) -> "Layer":
        matrix = np.array([[1, 0, dx], [0, 1, dy]])
        return Layer(cv2.warpAffine(self.rgba, matrix, size_hw[::-1], flags=cv2.INTER_LINEAR))

    def over(self, behind: F32) -> F32:
        return self.rgba[:, :, :3] + (1 - self.rgba[:, :, 3:]) * behind

    def colours(self) -> F32:
        """Without alpha; where there is next to none, those of the nearest neighbours."""
        weight = cv2.merge([self.alpha] * 3)
        near, share = cv2.blur(self.rgba[:, :, :3], (5, 5)), cv2.blur(weight, (5, 5))
        own = self.rgba[:, :, :3] / np.maximum(weight, 1e-6)
        return np.where(weight > 1 / 512, own, near / np.maximum(share, 1e-6)).astype(np.float32)


def add_strands(layer: Layer, origin_xy: tuple[float, float], angles: F32, *, length_px: float, seed: int) -> None:
    """Draw hairs that grow out of the layer's border where rays from origin_xy leave it, behind it, in place."""
    height, width = layer.alpha.shape
    canvas = np.zeros((height * _FINE, width * _FINE, 4), np.uint8)
    rng = np.random.default_rng([seed, 21])
    steps = np.arange(0, max(height, width), 0.5)
    for angle in angles:
        turn, long, bend, shade = (
            rng.uniform(-0.5, 0.5),
            rng.uniform(0.4, 1),
            rng.uniform(-0.8, 0.8),
            rng.uniform(0.6, 1.2),
        )
        thick = int(rng.integers(2, 7))
        ray = np.array([np.cos(angle), np.sin(angle)])
        points = np.asarray(origin_xy) + steps[:, None] * ray
        columns, rows = np.rint(points).astype(int).T
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        solid = np.zeros(len(steps), bool)
        solid[inside] = layer.alpha[rows[inside], columns[inside]] > 0.9
        if not solid.any():
            continue
        root = points[np.flatnonzero(solid)[-1]]
        colour = layer.rgba[int(root[1]), int(root[0]), :3] * shade
        share = np.linspace(0, 1, 9)
        curve = angle + turn + bend * share
        path = root + np.cumsum(np.stack([np.cos(curve), np.sin(curve)], 1) * length_px * long / 9, 0)
        path = np.rint(np.concatenate([[root - 2 * ray], path]) * _FINE).astype(np.int32)
        cv2.polylines(canvas, [path], False, (*np.clip(colour, 0, 255).tolist(), 255.0), thick)
    hair = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    hair[:, :, 3] /= 255
    layer.rgba += (1 - layer.rgba[:, :, 3:]) * hair


def mean_layer(layers: Sequence[Layer]) -> Layer:
    """What the shutter sees of an object at several moments."""
    return Layer(np.mean([layer.rgba for layer in layers], axis=0, dtype=np.float32))


class StreetPlates(Street):
    """The street with one actor taken out, and that actor as a layer of its own."""

    def cast(self, time_s: float) -> list[Cast]:
        beings = [b for b in self._scene.at(time_s) if self._casting.may_show(b)]
        return [self._casting.draw(beings[i], step_of(beings[i], time_s)) for i in far_to_near(beings)]

    def split(self, time_s: float, being_id: int) -> tuple[F32, Layer] | None:
        """Plate (float32 [H, W, 3], before exposure) and layer; None if anything stands before the actor."""
        cast, picture = self.cast(time_s), self._backdrop.rgb.copy()
        self._lay_shadows(picture, cast)
        target = next((one for one in cast if one.being.id == being_id), None)
        if target is None or target.sprite is None or target.cover is not target.sprite.alpha:
            return None
        for one in cast:
            if one.sprite and one is not target:
                blend(picture, one.sprite, one.cover)
        sprite, (x, y) = target.sprite, target.sprite.offset
        rgba = np.zeros((*picture.shape[:2], 4), np.float32)
        height, width = sprite.alpha.shape
        rgba[y : y + height, x : x + width, :3] = sprite.rgb
        rgba[y : y + height, x : x + width, 3] = sprite.alpha / np.float32(255)
        dx, dy = jitter(self.seed, time_s, self.size_hw[0] / 720)
        shift = dx - _PAD, dy - _PAD
        layer = Layer(rgba)
        _hair_of_being(layer, target, seed=being_id)
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        plate = cv2.warpAffine(picture, matrix, self.size_hw[::-1], flags=cv2.INTER_LINEAR)
        return plate.astype(np.float32), layer.moved(*shift, self.size_hw)

    def layers(self, time_s: float, most: int) -> list[Layer]:
        """The tallest actors that nothing hides, each with room around it."""
        out: list[Layer] = []
        for actor in sorted(self.render(round(time_s * self.fps)).actors, key=lambda a: a.box[1] - a.box[3]):
            pair = self.split(time_s, actor.id) if actor.visible > 0.97 and _fits(actor.box, self.size_hw) else None
            if pair and len(out) < most:
                x0, y0, x1, y1 = (int(edge) for edge in actor.box)
                out.append(Layer(pair[1].rgba[max(0, y0 - 30) : y1 + 30, max(0, x0 - 30) : x1 + 30].copy()))
        return out

    def exposed(self, picture: F32, index: int, time_s: float) -> U8:
        return self._sensor.expose(np.clip(np.rint(picture), 0, 255).astype(np.uint8), index, time_s)

    def exposed_colours(self, colours: F32, time_s: float) -> F32:
        """As the sensor's curve makes them, without grain."""
        strength, self._sensor._strength = self._sensor._strength, 0.0
        out = self.exposed(colours, 0, time_s)
        self._sensor._strength = strength
        return out.astype(np.float32)


def _hair_of_being(layer: Layer, cast: Cast, *, seed: int) -> None:
    """On a person's head and a dog's back; vehicles have none."""
    assert cast.sprite is not None
    label, (x, y), height = LABELS[cast.being.kind], cast.sprite.offset, cast.sprite.alpha.shape[0]
    if label == "vehicle":
        return
    rng = np.random.default_rng([seed, 22])
    part = cast.sprite.alpha[: max(2, round(height * (0.11 if label == "person" else 0.9)))] > 128
    columns = np.flatnonzero(part.any(0))
    centre = x + float(columns.mean()), y + len(part) * 0.6
    angles = rng.uniform(-1.1 * np.pi, 0.1 * np.pi, 60).astype(np.float32)
    add_strands(layer, centre, angles, length_px=max(4.0, 0.06 * height), seed=seed)


def street_sequences(seeds: Sequence[int], lines: int, most: int = 2) -> Iterator[Clip]:
    """Of each seed the tallest actors that nothing hides; every second one blurred by its motion."""
    size_hw = lines, lines * 16 // 9
    for seed in seeds:
        street = StreetPlates(seed=seed, size_hw=size_hw)
        found = 0
        for start_s in (1.0, 5.0, 9.0):
            ids = [a for a in street.render(round(start_s * 25)).actors if a.visible > 0.97 and _fits(a.box, size_hw)]
            for actor in sorted(ids, key=lambda a: a.box[1] - a.box[3])[:1]:
                if found == most:
                    break
                blurred = found % 2 == 1
                shots = _street_shots(street, actor.id, start_s, blurred)
                if shots:
                    found += 1
                    traits = frozenset({"motion"} if blurred else ())
                    name = f"street-{lines}-{seed}-{actor.fine}-{found}"
                    yield Clip(name, "street", CELLS[lines], _cropped(shots, CELLS[lines]), traits)


def _fits(box: tuple[float, float, float, float], size_hw: tuple[int, int]) -> bool:
    x0, y0, x1, y1 = box
    inside = x0 > 20 and y0 > 20 and x1 < size_hw[1] - 20 and y1 < size_hw[0] - 8
    return inside and y1 - y0 > 0.14 * size_hw[0] and x1 - x0 < 0.4 * size_hw[1]


def _street_shots(street: StreetPlates, being_id: int, start_s: float, blurred: bool) -> list[Shot]:
    shots = []
    for k in range(SHOTS):
        time_s = start_s + k / 25
        moments = [street.split(time_s + m / 200, being_id) for m in (range(4) if blurred else range(1))]
        pairs = [pair for pair in moments if pair is not None]
        if len(pairs) < len(moments):
            return []
        layer = mean_layer([pair[1] for pair in pairs])
        picture = np.mean([own.over(plate) for plate, own in pairs], axis=0, dtype=np.float32)
        rgb = street.exposed(picture, round(time_s * 25), time_s)
        shots.append(Shot(rgb, layer.alpha.copy(), street.exposed_colours(layer.colours(), time_s)))
    return shots


def _cropped(shots: Sequence[Shot], cells_per_px: float) -> tuple[Shot, ...]:
    """To where the object ever is, with room; the crop begins and ends between cells."""
    grid = 10 if cells_per_px == 0.3 else 20
    seen = np.max([shot.alpha for shot in shots], axis=0) > 0
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    height, width = seen.shape
    room = 10 + round(0.1 * max(len(rows), len(columns)))
    y0, x0 = (max(0, int(v[0]) - room) // grid * grid for v in (rows, columns))
    y1, x1 = (
        min(height // grid, (int(rows[-1]) + room) // grid) * grid,
        min(width // grid, (int(columns[-1]) + room) // grid) * grid,
    )
    part = slice(y0, y1), slice(x0, x1)
    return tuple(Shot(*(np.ascontiguousarray(plane[part]) for plane in (s.rgb, s.alpha, s.colours))) for s in shots)
