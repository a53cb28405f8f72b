"""Real crowds: true boxes with misses, jitter and weak scores come out under few ids (MOTChallenge truth)."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from streamseg.config import TrackingConfig
from streamseg.geometry import Box, box_iou
from streamseg.records import Frame, Instances, Planes
from tests.conftest import shared_file
from tests.tracking.scenes import ellipse_mask, make_tracker

Boxes = dict[int, Box]


def truth(name: str, min_visible: float) -> list[Boxes]:
    """Per frame the boxes of pedestrians by id."""
    rows = np.loadtxt(shared_file(f"tracks/{name}.gt.txt"), delimiter=",")
    rows = rows[rows[:, 6] == 1]
    if name.startswith("MOT16"):
        rows = rows[(rows[:, 7] == 1) & (rows[:, 8] >= min_visible)]
    frames: list[Boxes] = [{} for _ in range(int(rows[:, 0].max()))]
    for frame, track_id, x, y, w, h in rows[:, :6]:
        frames[int(frame) - 1][int(track_id)] = (x, y, x + w, y + h)
    return frames


def detect(boxes: Boxes, size_hw: tuple[int, int], rng: np.random.Generator) -> Instances:
    """A detector that misses 10 %, is unsure of 20 %, and places boxes to 3 % of their size."""
    rows = np.array(list(boxes.values()), float).reshape(-1, 4)[rng.random(len(boxes)) > 0.1]
    rows = rows + rng.normal(size=rows.shape) * 0.03 * np.tile(rows[:, 2:] - rows[:, :2], 2)
    rows = np.clip(rows, 0, np.tile(size_hw[::-1], 2)).astype(np.float32)
    scores = np.where(rng.random(len(rows)) < 0.2, 0.25, 0.8).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    masks = tuple(ellipse_mask(tuple(row)) for row in rows[order].tolist())
    return Instances(rows[order], scores[order], np.zeros(len(rows), np.int32), masks)


def follow(frames: list[Boxes], size_hw: tuple[int, int], fps: float) -> list[Boxes]:
    rng = np.random.default_rng(7)
    chroma = np.zeros((size_hw[0] // 2, size_hw[1] // 2), np.uint8)
    planes = Planes(np.zeros(size_hw, np.uint8), chroma, chroma)
    tracker = make_tracker(tracking=TrackingConfig())
    found: list[Boxes] = []
    for seq, boxes in enumerate(frames):
        out = tracker.update(Frame("s", seq, round(seq / fps * 1e9), planes), detect(boxes, size_hw, rng))
        found.append({track.id: track.box for track in out.tracks if track.state == "active"})
    return found


def idf1(expected: list[Boxes], found: list[Boxes]) -> float:
    """Ristani et al. 2016: 2 IDTP / (truth + found), ids matched one to one over the whole sequence at IoU 0.5."""
    names = [sorted({i for boxes in side for i in boxes}) for side in (expected, found)]
    together = np.zeros((len(names[0]), len(names[1])))
    for true, guess in zip(expected, found, strict=True):
        iou = box_iou(list(true.values()), list(guess.values()))
        true_ids, guess_ids = list(true), list(guess)
        for row, column in np.argwhere(iou >= 0.5):
            together[names[0].index(true_ids[row]), names[1].index(guess_ids[column])] += 1
    rows, columns = linear_sum_assignment(together, maximize=True)
    return float(2 * together[rows, columns].sum() / (sum(map(len, expected)) + sum(map(len, found))))


def switches(expected: list[Boxes], found: list[Boxes]) -> int:
    """How often a person goes on under another id than before."""
    last: dict[int, int] = {}
    count = 0
    for true, guess in zip(expected, found, strict=True):
        iou = box_iou(list(true.values()), list(guess.values()))
        true_ids, guess_ids = list(true), list(guess)
        for row, column in zip(*linear_sum_assignment(iou, maximize=True), strict=True):
            if iou[row, column] >= 0.5:
                count += last.get(true_ids[row], guess_ids[column]) != guess_ids[column]
                last[true_ids[row]] = guess_ids[column]
    return count


@pytest.mark.parametrize(
    ("name", "size_hw", "fps", "least_idf1", "most_switches"),
    [
        ("TUD-Campus", (480, 640), 25, 0.80, 4),
        ("PETS09-S2L1", (576, 768), 7, 0.80, 14),
        ("MOT16-09", (1080, 1920), 30, 0.65, 30),
    ],
)
def test_few_id_switches_in_real_crowds(
    name: str, size_hw: tuple[int, int], fps: float, least_idf1: float, most_switches: int
) -> None:
    expected = truth(name, min_visible=0.3)
    found = follow(expected, size_hw, fps)
    scores = idf1(expected, found), switches(expected, found)
    assert scores[0] >= least_idf1, scores
    assert scores[1] <= most_switches, scores
