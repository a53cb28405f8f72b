"""Shadows in device scenes, as training/shadows.py casts them: one sun a scene."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from streamseg.training.device.chance import Chance
from streamseg.training.device.maps import blurred, highest, laid_flat, said
from streamseg.training.device.scenes import DeviceScenes
from streamseg.training.device.things import DeviceThings
from streamseg.training.shadows import DARK, EDGE, LEAN, LENGTH, SUNNY


@dataclass(frozen=True, slots=True)
class Shadows:
    """thing: int64 [n] on the host, which things cast them; dark: float32 [n, S, S], the share of light they take."""

    thing: npt.NDArray[np.int64]
    dark: Tensor


def cast_shadows(scenes: DeviceScenes, things: DeviceThings, chance: Chance) -> Shadows:
    """Darken scenes.rgb in place, in some scenes; returns what fell where."""
    count, rng = len(scenes.rgb), chance.host
    sunny = np.zeros(count, bool)
    sunny[chance.some(count, SUNNY)] = True
    suns = rng.uniform((-LEAN, -LENGTH, DARK[0], EDGE[0]), (LEAN, LENGTH, DARK[1], EDGE[1]), (count, 4))
    own = np.flatnonzero(sunny[things.scene[: things.masked]])
    at, image = chance.put(own), chance.put(things.scene[own])
    lean, length, dark, blur = chance.put(suns[things.scene[own]].astype(np.float32))[..., None, None].unbind(1)
    foot = things.box[at, 3].float()[:, None, None]
    flat = laid_flat(things.mask[at].float(), foot, lean, -length)
    solid = said(things.kept, scenes.shown)[image]
    shadows = dark * blurred(flat[:, None], blur, EDGE[1])[:, 0] * ~solid
    scenes.rgb *= 1 - highest(shadows, image, count)[:, None]
    return Shadows(own, shadows)
