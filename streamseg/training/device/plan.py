"""Which pictures a batch of scenes shows, where, and what is pasted on them: drawn as training/scenes.py draws it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.training.device.data import FIRST_PASTED, DeviceData, Kind, Names
from streamseg.training.scenes import SceneOptions

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Generator = np.random.Generator

_LEAST_BOX_PX = 4


@dataclass(frozen=True, slots=True)
class Paste:
    """One object on each of the first n scenes.

    cut: int64 [n]; step, first: float64 [n, 2] as in Gaze; light: float64 [n], what its colours are multiplied by.
    """

    cut: I64
    step: F64
    first: F64
    light: F64


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about B scenes but their pixels.

    picture: int64 [B]; step, first: float64 [B, 2] as in Gaze; pastes: from the bottom up, each on the first n scenes;
    names: what names stand for, area in scene pixels (of pasted objects not known yet); known: bool [B, labels];
    boxes: float64 [M, 7], scene, label, identity, x0, y0, x1, y1 of objects whose mask is not known.
    """

    picture: I64
    step: F64
    first: F64
    pastes: tuple[Paste, ...]
    names: Names
    known: npt.NDArray[np.bool_]
    boxes: F64


def draw_plan(data: DeviceData, options: SceneOptions, count: int, twice: float, rng: Generator) -> Plan:
    """count scenes; about the share `twice` of them shows what another one shows, placed anew."""
    pairs = round(count * twice / 2)
    # those that get most come first, so that each round of pasting works on the first scenes of the batch
    picture, pasted, cuts = _cast(data, options, count - pairs, rng)
    picture, pasted, cuts = (np.concatenate([drawn, drawn[:pairs]]) for drawn in (picture, pasted, cuts))
    order = np.argsort(-pasted, kind="stable")
    picture, pasted, cuts = picture[order], pasted[order], cuts[order]
    step, first = draw_moves(data.pictures.size_hw[picture], options, rng)
    pastes = [
        draw_paste(data, options, cuts[: np.count_nonzero(pasted > turn), turn], rng)
        for turn in range(int(pasted.max(initial=0)))
    ]
    return plan_of(data, options.size, picture, (step, first), pastes)


def plan_of(data: DeviceData, side: int, picture: I64, moves: tuple[F64, F64], pastes: list[Paste]) -> Plan:
    """The plan of given pictures, moves (step and first) and pastes."""
    step, first = moves
    names = data.names.of(picture)
    names.area /= np.abs(step).prod(-1)[:, None]
    for turn, paste in enumerate(pastes):
        n, name = len(paste.cut), FIRST_PASTED + turn
        names.kind[:n, name], names.label[:n, name] = Kind.PASTED, data.cut_label[paste.cut]
        names.identity[:n, name] = data.cut_identity[paste.cut]
    return Plan(picture, step, first, tuple(pastes), names, data.known[picture], _boxes(data, side, picture, moves))


def draw_moves(size_hw: I64, options: SceneOptions, rng: Generator) -> tuple[F64, F64]:
    """Scale, stretch, place and mirror pictures of sizes [n, 2]: step and first, float64 [n, 2]."""
    n, side = len(size_hw), options.size
    scale = side / size_hw.max(1) * np.exp(rng.uniform(*_logs(options.zoom), n))
    stretch = np.exp(rng.uniform(-0.12, 0.12, n))
    sizes = np.stack([scale / stretch, scale * stretch], 1)
    # anywhere between flush left and flush right, also for pictures larger than the scene
    start = rng.uniform(0, 1, (n, 2)) * (side - size_hw * sizes)
    step, first = 1 / sizes, -start / sizes
    flip = rng.random(n) < 0.5
    first[flip, 1] = (side - 1 - start[flip, 1]) / sizes[flip, 1]
    step[flip, 1] *= -1
    return step, first


def draw_paste(data: DeviceData, options: SceneOptions, rows: I64, rng: Generator) -> Paste:
    """Place the cuttable objects `rows` [n], each up to a third outside the scene."""
    cut, n = data.cuttable[rows], len(rows)
    size_hw = data.cuts.size_hw[cut]
    target = np.exp(rng.uniform(*_logs(options.paste_px), n))
    scale = np.minimum(target / size_hw.max(1), 1.6)
    shown = np.maximum(2, np.rint(size_hw * scale[:, None]))
    slack = shown // 3
    place = np.floor(rng.uniform(-slack, np.maximum(1 - slack, options.size - shown + slack) + 1))
    step = size_hw / shown
    first = (0.5 - place) * step - 0.5
    flip = rng.random(n) < 0.5
    first[flip, 1] = (place + shown - 0.5)[flip, 1] * step[flip, 1] - 0.5
    step[flip, 1] *= -1
    return Paste(cut, step, first, rng.uniform(0.75, 1.25, n))


def _logs(ends: tuple[float, float]) -> tuple[float, float]:
    return math.log(ends[0]), math.log(ends[1])


def _cast(data: DeviceData, options: SceneOptions, count: int, rng: Generator) -> tuple[I64, I64, I64]:
    """Pictures [n], how many objects each gets [n], and which: rows of cuttable [n, most]."""
    picture = np.searchsorted(data.odds, rng.random(count), side="right").clip(0, len(data.odds) - 1)
    most = options.paste if len(data.cuttable) else 0
    some = (rng.random(count) < options.copy_paste) & (most > 0)
    pasted = np.where(some, rng.integers(1, max(1, most) + 1, count), 0)
    return picture, pasted, rng.integers(max(1, len(data.cuttable)), size=(count, most))


def _boxes(data: DeviceData, side: int, picture: I64, moves: tuple[F64, F64]) -> F64:
    """Boxes of the pictures as the scenes have them, cut off at their borders; what is nearly outside is left out."""
    rows = [np.insert(data.boxes[p], 0, i, axis=1) for i, p in enumerate(picture) if len(data.boxes[p])]
    if not rows:
        return np.zeros((0, 7))
    boxes = np.concatenate(rows)
    scene = boxes[:, 0].astype(np.int64)
    step, first = moves[0][scene, None, ::-1], moves[1][scene, None, ::-1]
    corners = (boxes[:, 3:].reshape(-1, 2, 2) - first) / step
    low, high = corners.min(1).clip(0, side), corners.max(1).clip(0, side)
    boxes[:, 3:] = np.concatenate([low, high], 1)
    return boxes[((high - low) >= _LEAST_BOX_PX).all(1)]
