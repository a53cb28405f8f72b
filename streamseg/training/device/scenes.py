"""A plan -> pixels: pictures moved and scaled, objects pasted on them, and at each pixel the name of what it shows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamseg.training.device.atlas import gaze, look
from streamseg.training.device.chance import put
from streamseg.training.device.data import FIRST_PASTED, DeviceData
from streamseg.training.device.plan import Paste, Plan


@dataclass(slots=True)
class DeviceScenes:
    """B scenes on the device.

    rgb: float32 [B, 3, S, S] 0..255. shown: uint8 [B, S, S], the name of what each pixel shows. kind: uint8 [B, NAMES],
    label, identity, area (all of it, in pixels): int64 [B, NAMES], what the names stand for. pasted: bool [B], whether
    anything was pasted. known: bool [B, C], whether all objects of a class are marked. boxes: on the host, float64
    [M, 7], as in Plan.
    """

    rgb: Tensor
    shown: Tensor
    kind: Tensor
    label: Tensor
    identity: Tensor
    area: Tensor
    pasted: Tensor
    known: Tensor
    boxes: npt.NDArray[np.float64]


def compose(data: DeviceData, plan: Plan, side: int) -> DeviceScenes:
    """Scenes of a side, in pixels."""
    device = data.pictures.words.device
    view = data.pictures, plan.picture, plan.step, plan.first
    rgb = look(data.pictures, gaze(*view), side).mixed()[..., :3]
    shown = look(data.pictures, gaze(*view, smooth=False), side).names()
    names = plan.names
    area = put(names.area, device).long()
    for turn, paste in enumerate(plan.pastes):
        _paste(data, paste, (rgb, shown, area), FIRST_PASTED + turn)
    pasted = torch.zeros(len(rgb), dtype=torch.bool, device=device)
    pasted[: len(plan.pastes[0].cut) if plan.pastes else 0] = True
    return DeviceScenes(
        rgb.permute(0, 3, 1, 2).contiguous(),
        shown,
        put(names.kind, device),
        put(names.label, device),
        put(names.identity, device),
        area,
        pasted,
        put(plan.known, device),
        plan.boxes,
    )


def _paste(data: DeviceData, paste: Paste, onto: tuple[Tensor, Tensor, Tensor], name: int) -> None:
    """Put an object on each of the first scenes: changes their colours, names, and the area under its name."""
    rgb, shown, area = (part[: len(paste.cut)] for part in onto)
    cut = look(data.cuts, gaze(data.cuts, paste.cut, paste.step, paste.first), rgb.shape[1]).mixed()
    light = put(paste.light, rgb.device).float()[:, None, None, None]
    rgb.lerp_((cut[..., :3] * light).clamp(max=255), cut[..., 3:] / 255)
    solid = cut[..., 3] > 127
    shown.masked_fill_(solid, name)
    area[:, name] = solid.sum((1, 2))
