"""Shadows in device scenes: those that the pictures have, and those cast as in training/shadows.py, one sun a scene."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamseg.training.device.chance import Chance, put
from streamseg.training.device.data import Kind, Names
from streamseg.training.device.maps import blurred, highest, laid_flat, said
from streamseg.training.device.scenes import DeviceScenes
from streamseg.training.device.things import DeviceThings
from streamseg.training.shadows import DARK, EDGE, LEAN, LENGTH, SUNNY

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shadows:
    """scene, thing: int64 [n] on the host, where they are and which things cast them, -1 for what is not among them.

    dark: float32 [n, S, S], the share of light they take.
    """

    scene: I64
    thing: I64
    dark: Tensor

    def __add__(self, other: "Shadows") -> "Shadows":
        """Both."""
        scene, thing = (np.concatenate(pair) for pair in ((self.scene, other.scene), (self.thing, other.thing)))
        return Shadows(scene, thing, torch.cat([self.dark, other.dark]))


def shadows_shown(scenes: DeviceScenes, things: DeviceThings, names: Names) -> Shadows:
    """The shadows that the pictures have; names: what those of the scenes stand for, on the host."""
    scene, name = np.nonzero(names.kind == Kind.SHADOW)
    number = np.full(names.kind.shape, -1, np.int64)
    number[things.scene[: things.masked], things.name] = np.arange(things.masked)
    device = scenes.shown.device
    share = put(names.dark[scene, name].astype(np.float32), device)[:, None, None]
    there = scenes.shown[put(scene, device)] == put(name.astype(np.uint8), device)[:, None, None]
    return Shadows(scene, number[scene, names.caster[scene, name]], there * share)


def cast_shadows(scenes: DeviceScenes, things: DeviceThings, chance: Chance) -> Shadows:
    """Darken scenes.rgb in place, in some scenes; returns what fell where."""
    count, rng = len(scenes.rgb), chance.host
    sunny = np.zeros(count, bool)
    sunny[chance.some(count, SUNNY)] = True
    suns = rng.uniform((-LEAN, -LENGTH, DARK[0], EDGE[0]), (LEAN, LENGTH, DARK[1], EDGE[1]), (count, 4))
    own = np.flatnonzero(sunny[things.scene[: things.masked]])
    scene = things.scene[own]
    at, image = chance.put(own), chance.put(scene)
    lean, length, dark, blur = chance.put(suns[scene].astype(np.float32))[..., None, None].unbind(1)
    foot = things.box[at, 3].float()[:, None, None]
    flat = laid_flat(things.mask[at].float(), foot, lean, -length)
    solid = said(things.kept, scenes.shown)[image]
    shadows = dark * blurred(flat[:, None], blur, EDGE[1])[:, 0] * ~solid
    scenes.rgb *= 1 - highest(shadows, image, count)[:, None]
    return Shadows(scene, own, shadows)
