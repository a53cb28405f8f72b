"""The street, frame by frame: actors over the backdrop, what of each is visible, and the camera's own faults."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street.backdrop import make_backdrop
from streamseg.capture.street.casting import Cast, Casting
from streamseg.capture.street.crops import blend, darken, lighten, without
from streamseg.capture.street.figures import LABELS, fine_label, step_of
from streamseg.capture.street.layout import make_layout
from streamseg.capture.street.light import Sensor, jitter
from streamseg.capture.street.order import far_to_near
from streamseg.capture.street.raster import Sprite
from streamseg.capture.street.scene import Scene
from streamseg.geometry import Box

U8 = npt.NDArray[np.uint8]
_PAD = 4
"""Pixels painted beyond every edge of the picture, for the jitter to move in from."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor in one frame.

    id is its own for life; label is person, vehicle or animal, fine what people would call it. alpha: uint8 [h, w],
    its visible share of every pixel, what is nearer already taken off; offset: x, y of alpha's first pixel in the
    frame. visible: 0..1, how much of its outline within the frame is seen; within: 0..1, how much of its outline lies
    within the frame. box: x0, y0, x1, y1 of alpha >= 128.
    """

    id: int
    label: str
    fine: str
    alpha: U8
    offset: tuple[int, int]
    visible: float
    within: float
    box: Box


@dataclass(frozen=True, slots=True)
class Shade:
    """What one being keeps of the light in one frame.

    id is the being's, which need not be seen itself. dark: uint8 [h, w], the share of light gone from every pixel, 255
    for all of it; offset: x, y of dark's first pixel in the frame.
    """

    id: int
    dark: U8
    offset: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame: rgb uint8 [H, W, 3], and its actors from far to near."""

    rgb: U8
    actors: tuple[Actor, ...]


class Street:
    """A street of a seed, seen by one fixed camera.

    Args:
        seed: which street; its plan, light and actors follow from it.
        size_hw: height and width of the frames in pixels, at least 64 each.
        fps: frames a second.
    """

    def __init__(self, *, seed: int = 1, size_hw: tuple[int, int] = (720, 1280), fps: float = 25.0) -> None:
        self.size_hw, self.fps, self.seed = size_hw, fps, seed
        plan = make_layout(seed, size_hw)
        camera = replace(
            plan.camera,
            size_hw=(size_hw[0] + 2 * _PAD, size_hw[1] + 2 * _PAD),
            horizon_px=plan.camera.horizon_px + _PAD,
        )
        self._plan = replace(plan, camera=camera)
        self._backdrop = make_backdrop(self._plan)
        self._scene = Scene(self._plan)
        self._casting = Casting(self._plan, self._backdrop, _PAD)
        self._sensor = Sensor(seed, size_hw, plan.light)
        full = np.asarray(plan.light.sky_rgb) + np.asarray(plan.light.sun_rgb) * plan.light.sun[2]
        self._shade = 1 - np.asarray(plan.light.sky_rgb) / full

    def fines_at(self, index: int) -> set[str]:
        """What may be seen in a frame, hidden or not, by what people would call it; paints nothing."""
        return {fine_label(b) for b in self._scene.at(index / self.fps) if self._casting.may_show(b)}

    def render(self, index: int) -> Shot:
        """Frame number index (from 0); the same for the same index, whatever was rendered before."""
        time_s = index / self.fps
        picture = self._backdrop.rgb.copy()
        cast = self._cast(time_s)
        for one in cast:
            self._lay_shadow(picture, one)
        for one in cast:
            if one.sprite:
                blend(picture, one.sprite, one.cover)
        shift = self._shift(time_s)
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        moved = cv2.warpAffine(picture, matrix, self.size_hw[::-1], flags=cv2.INTER_LINEAR)
        return Shot(self._sensor.expose(moved, index, time_s), self._truth(cast, shift))

    def shades(self, index: int) -> tuple[Shade, ...]:
        """What each being of a frame keeps of the light, on the ground and as far as nothing stands before it."""
        time_s, out = index / self.fps, []
        cast, shift = self._cast(time_s), self._shift(time_s)
        for one in cast:
            light = np.full_like(self._backdrop.rgb, 255)
            self._lay_shadow(light, replace(one, beam=None))
            dark = 255 - light.min(axis=2)
            x, y, w, h = cv2.boundingRect(dark)
            dark = dark[y : y + h, x : x + w]
            for other in cast:
                if other.sprite:
                    dark = without(dark, (x, y), other.cover, other.sprite.offset)
            seen = self._moved(dark, (x, y), shift) if dark.any() else None
            if seen is not None:
                out.append(Shade(one.being.id, *seen))
        return tuple(out)

    def _cast(self, time_s: float) -> list[Cast]:
        """The beings that may show, drawn, from far to near."""
        beings = [b for b in self._scene.at(time_s) if self._casting.may_show(b)]
        return [self._casting.draw(beings[i], step_of(beings[i], time_s)) for i in far_to_near(beings)]

    def _shift(self, time_s: float) -> tuple[float, float]:
        """By how much the picture lies off the painted one: x, y."""
        dx, dy = jitter(self.seed, time_s, self.size_hw[0] / 720)
        return dx - _PAD, dy - _PAD

    def _lay_shadow(self, picture: U8, one: Cast) -> None:
        soil, sunny = self._backdrop.soil, self._backdrop.sunny
        darken(picture, one.contact, np.full(3, 0.58 if one.being.kind == "vehicle" else 0.42), soil)
        lighten(picture, one.beam, soil)
        darken(picture, one.shadow, self._shade, sunny)

    def _truth(self, cast: Sequence[Cast], shift: tuple[float, float]) -> tuple[Actor, ...]:
        actors: list[Actor] = []
        shown = [(one, one.sprite) for one in cast if one.sprite]
        for i, (one, sprite) in enumerate(shown):
            being, visible = one.being, one.cover
            for other, in_front in shown[i + 1 :]:
                visible = without(visible, sprite.offset, other.cover, in_front.offset)
            seen = self._moved(visible, sprite.offset, shift)
            if seen is None or seen[0].max() < 128:
                continue
            alpha, offset = seen
            share = min(1.0, cv2.sumElems(alpha)[0] / max(1.0, self._whole(sprite)))
            box = _bounds(alpha, offset)
            label, fine = LABELS[being.kind], fine_label(being)
            actors.append(Actor(being.id, label, fine, alpha, offset, share, one.within, box))
        return tuple(actors)

    def _whole(self, sprite: Sprite) -> float:
        """Sum of a sprite's alpha within the frame."""
        (x, y), (h, w) = sprite.offset, self.size_hw
        inside = sprite.alpha[max(0, _PAD - y) : max(0, h + _PAD - y), max(0, _PAD - x) : max(0, w + _PAD - x)]
        return float(cv2.sumElems(inside)[0]) if inside.size else 0.0

    def _moved(
        self, alpha: U8, offset: tuple[int, int], shift: tuple[float, float]
    ) -> tuple[U8, tuple[int, int]] | None:
        """An alpha crop shifted as the picture is, and cut at the frame's edges."""
        x, y = offset[0] + shift[0], offset[1] + shift[1]
        x0, y0 = max(0, int(np.floor(x))), max(0, int(np.floor(y)))
        x1 = min(self.size_hw[1], int(np.ceil(x)) + alpha.shape[1] + 1)
        y1 = min(self.size_hw[0], int(np.ceil(y)) + alpha.shape[0] + 1)
        if x1 <= x0 or y1 <= y0:
            return None
        matrix = np.array([[1, 0, x - x0], [0, 1, y - y0]])
        return cv2.warpAffine(alpha, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR), (x0, y0)


def _bounds(alpha: U8, offset: tuple[int, int]) -> Box:
    """x0, y0, x1, y1 in the frame of a crop's alpha >= 128."""
    inside = alpha >= 128
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    left, top = float(offset[0]), float(offset[1])
    return left + float(columns[0]), top + float(rows[0]), left + float(columns[-1]) + 1, top + float(rows[-1]) + 1
