"""Draws one being at one moment: its sprite, what the street's own things leave of it, its shadows and its light."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from streamseg.capture.street import raster
from streamseg.capture.street.backdrop import Backdrop
from streamseg.capture.street.crops import U8, without
from streamseg.capture.street.figures import figure, footprint, is_parked
from streamseg.capture.street.layout import Layout
from streamseg.capture.street.order import nearer
from streamseg.capture.street.raster import Sprite
from streamseg.capture.street.scene import Being


@dataclass(frozen=True, slots=True)
class Cast:
    """One being drawn.

    cover: uint8, the sprite's alpha less what stands in the street before it; contact, shadow: alpha of the dark
    under it and of what it keeps from the sun; beam: alpha of the pool of light before its head lamps. within: 0..1,
    how much of its outline lies inside the picture.
    """

    being: Being
    sprite: Sprite | None
    cover: U8
    contact: Sprite | None
    shadow: Sprite | None
    beam: Sprite | None
    within: float


class Casting:
    """Draws the beings of a plan before a backdrop; what has not moved since is not drawn again.

    edge_px: of the plan's picture, on every side, that will not be seen.
    """

    def __init__(self, plan: Layout, backdrop: Backdrop, edge_px: int = 0) -> None:
        self._plan, self._backdrop, self._edge_px = plan, backdrop, edge_px
        self._lines = plan.camera.size_hw[0]
        self.draw = lru_cache(maxsize=64)(self._draw)

    def may_show(self, being: Being) -> bool:
        """Whether a being or its shadow may reach into the picture."""
        camera = self._plan.camera
        depth = float(camera.depth(being.s, being.t))
        if depth - being.half_s * abs(np.sin(camera.yaw)) < 1.2:
            return False
        x, _ = camera.at(being.s, being.t)
        reach = (being.half_s + 1.0) * camera.focal_px / max(1.0, depth - being.half_s)
        return -reach < x < camera.size_hw[1] + reach

    def _draw(self, being: Being, step: int) -> Cast:
        plan = self._plan
        camera, light = plan.camera, plan.light
        x, y = camera.at(being.s, being.t)
        zoom = camera.scale(being.s, being.t) * 720 / self._lines
        solid = figure(being, step, zoom, lamps=light.lamps)
        sprite = raster.draw(solid, camera, light, sunlit=self._backdrop.sun_at(x, y))
        shadow = None
        if max(light.sun_rgb) > 0.1:
            shadow = raster.shadow(figure(being, step, 20.0, lamps=False), camera, light)
        cover = self._cover(being, sprite) if sprite else np.zeros((0, 0), np.uint8)
        within = raster.within(solid, camera, self._edge_px) if sprite else 0.0
        return Cast(being, sprite, cover, raster.contact(camera, footprint(being)), shadow, self._beam(being), within)

    def _cover(self, being: Being, sprite: Sprite) -> U8:
        cover = sprite.alpha
        for thing in self._backdrop.standing:
            if nearer(thing, being):
                cover = without(cover, sprite.offset, thing.sprite.alpha, thing.sprite.offset)
        return cover

    def _beam(self, being: Being) -> Sprite | None:
        if not self._plan.light.lamps or being.kind != "vehicle" or is_parked(being):
            return None
        ahead = being.half_s + 0.1
        s, t = being.s + ahead * np.cos(being.heading), being.t + ahead * np.sin(being.heading)
        return raster.beam(self._plan.camera, s, t, being.heading)
