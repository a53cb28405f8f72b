"""Maps of what moves in device scenes, made as training/motion.py makes them."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamseg.inference.strides import MOTION_STRIDE
from streamseg.training.device.chance import Chance
from streamseg.training.device.maps import blurred, clouds, highest, laid_flat, luma, moved, shrunk
from streamseg.training.device.shadows import Shadows
from streamseg.training.device.things import DeviceThings
from streamseg.training.motion import EMPTY, FULL, GHOST, JITTER, MARGIN, SHADOW, SOFT, STILL

I64 = npt.NDArray[np.int64]

_SOFT = 0.5, 1.5


def motion_maps(rgb: Tensor, things: DeviceThings, shadows: Shadows, chance: Chance) -> Tensor:
    """uint8 [B, S/4, S/4], 0 still to 255 surely moved; all 0: nothing is known.

    Args:
        rgb: the scenes, float32 [B, 3, S, S].
        things: their objects; those without a mask move as the ellipse in their box.
        shadows: those of things move with what casts them, the others as they like.
        chance: what is drawn from.
    """
    count, side = len(rgb), rgb.shape[-1] // MOTION_STRIDE
    known = np.zeros(count, bool)
    known[chance.some(count, 1 - EMPTY)] = True
    moving = np.flatnonzero(known[things.scene] & (chance.host.random(len(things.scene)) >= STILL))
    small = _small(things, moving, side, chance)
    restless = np.repeat(np.arange(count), np.where(known, chance.host.poisson(0.8, count), 0))
    jitter = np.intersect1d(np.flatnonzero(known), chance.some(count, JITTER))
    loose = np.flatnonzero(known[shadows.scene] & (shadows.thing < 0))
    loose = loose[chance.host.random(len(loose)) >= STILL]
    fallen = np.concatenate([np.flatnonzero(np.isin(shadows.thing, moving)), loose])
    layers = [
        (things.scene[moving], _moved(small, things.box[chance.put(moving)].float() / MOTION_STRIDE, chance)),
        (shadows.scene[fallen], _fell(rgb, shadows, fallen, chance)),
        (restless, _restless(len(restless), side, chance)),
        (jitter, _jitter(rgb[chance.put(jitter)], chance)),
    ]
    plane = chance.put(np.concatenate([scene for scene, _ in layers]))
    motion = highest(torch.cat([maps for _, maps in layers]), plane, count)
    return _noisy(motion, np.flatnonzero(known), chance)


def _small(things: DeviceThings, which: I64, side: int, chance: Chance) -> Tensor:
    """What part of each cell each of some things covers: float32 [n, side, side], 0..1."""
    masks = things.mask[chance.put(which[which < things.masked])].float()
    boxes = things.box[chance.put(which[which >= things.masked])].float() / MOTION_STRIDE
    middle, axes = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    return torch.cat([shrunk(masks, MOTION_STRIDE), _ellipses(middle, axes, side)])


def _ellipses(middle: Tensor, axes: Tensor, side: int, angle: Tensor | None = None) -> Tensor:
    """float32 [n, side, side], 1 inside: middle and axes [n, 2] x, y in cells, turned by an angle [n, 1, 1]."""
    place = torch.arange(side, device=middle.device)
    dx = (place - middle[:, 0, None])[:, None, :]
    dy = (place - middle[:, 1, None])[:, :, None]
    if angle is not None:
        dx, dy = dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin()
    a, b = axes.clamp(min=0.5)[..., None, None].unbind(1)
    return ((dx / a) ** 2 + (dy / b) ** 2 <= 1).float()


def _moved(mask: Tensor, box: Tensor, chance: Chance) -> Tensor:
    """Moving objects [n, side, side]: more or less of them differs from what is behind, more or less clearly.

    Some have ghosts where they stood when the background was learnt, some shadows that the picture does not show.
    """
    n, side = mask.shape[:2]
    contrast, bias = chance.each(0.25, 1.6, n), chance.each(-0.2, 0.8, n)
    motion = mask * (contrast * (clouds(n, side, (4, 24), chance) + bias)).clamp(0, 1)
    ghost, shadow = (chance.some(n, share) for share in (GHOST, SHADOW))
    at, m = chance.put(ghost), len(ghost)
    width, height = (box[at, 2:] - box[at, :2]).clamp(min=2)[..., None, None].unbind(1)
    by = chance.each(-1.2, 1.2, m) * width, chance.each(-0.4, 0.4, m) * height
    motion[at] = torch.maximum(motion[at], moved(mask[at], by) * chance.each(0.3, 1, m))
    at, m = chance.put(shadow), len(shadow)
    lean, flat, clear = chance.each(-1.5, 1.5, m), chance.each(-0.5, 0.5, m), chance.each(0.15, 0.6, m)
    motion[at] = torch.maximum(motion[at], laid_flat(mask[at], box[at, 3, None, None], lean, flat) * clear)
    return motion


def _fell(rgb: Tensor, shadows: Shadows, which: I64, chance: Chance) -> Tensor:
    """Shadows that the pictures show: by how many grey levels it is darker than before, over what is sure."""
    now = shrunk(rgb[chance.put(shadows.scene[which])].amax(1), MOTION_STRIDE)
    dark = shrunk(shadows.dark[chance.put(which)], MOTION_STRIDE)
    return ((now * dark / (1 - dark) - MARGIN) / FULL).clamp(0, 1)


def _restless(count: int, side: int, chance: Chance) -> Tensor:
    """Leaves, water, a screen: patches [count, side, side] that are never quite the same."""
    rng = chance.host
    middle = rng.integers(0, side, (count, 2)).astype(np.float32)
    axes = np.exp(rng.uniform(np.log(1.5), np.log(side / 2.5), (count, 2))).astype(np.float32)
    inside = _ellipses(chance.put(middle), chance.put(axes), side, chance.each(0, np.pi, count))
    return inside * (clouds(count, side, (8, 48), chance) - chance.each(0, 0.5, count)).clamp(0, 1)


def _jitter(rgb: Tensor, chance: Chance) -> Tensor:
    """A camera that shakes, or turns slowly: whatever has an edge differs."""
    n, grey = len(rgb), shrunk(luma(rgb), MOTION_STRIDE)
    by = chance.each(-1.5, 1.5, n), chance.each(-1.5, 1.5, n)
    return (grey - moved(grey, by, border="border")).abs() * chance.each(0.5 / 40, 3 / 40, n)


def _noisy(motion: Tensor, known: I64, chance: Chance) -> Tensor:
    """uint8 maps: those known [n] blurred now and then and with noise, the others empty."""
    soft = chance.put(np.intersect1d(known, chance.some(len(motion), SOFT)))
    motion[soft] = blurred(motion[soft, None], chance.each(*_SOFT, len(soft)), _SOFT[1])[:, 0]
    at, n = chance.put(known), len(known)
    speckles = chance.normal(n, *motion.shape[1:]) * chance.each(0, 0.08, n) - 0.05
    out = torch.zeros_like(motion, dtype=torch.uint8)
    out[at] = ((motion[at] + speckles).clamp(0, 1) * 255).round().to(torch.uint8)
    return out
