"""The part of identity.py that needs `trackers` and `trackeval`: runs in an environment of its own, without streamseg.

identity_rivals.py track JOBS.json    run trackers; a job is {"tracker", "settings", "detections", "people", "out"}
identity_rivals.py score JOBS.json    a list of .npz files of overlaps; prints a line of JSON for each
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
from trackers import ByteTrackTracker, OCSORTTracker

TRACKERS = {"ByteTrack": ByteTrackTracker, "OC-SORT": OCSORTTracker}


def track(jobs: list[dict[str, Any]]) -> None:
    """Run every job; its out file gets the rows of the detections that are shown, their ids, and the time spent."""
    kept: dict[tuple[str, bool], tuple[list[sv.Detections], float]] = {}
    for job in jobs:
        key = job["detections"], job["people"]
        if key not in kept:
            kept[key] = _frames(*key)
        np.savez(job["out"], **_run(job, *kept[key]))


def _frames(file: str, people: bool) -> tuple[list[sv.Detections], float]:
    """A sequence's detections frame by frame, and its frames a second; rows count after the selection by class."""
    with np.load(file, allow_pickle=False) as arrays:
        pts_ns, labels = arrays["pts_ns"], arrays["labels"]
        frame = np.repeat(np.arange(len(pts_ns)), arrays["count"])
        wanted = labels == arrays["names"].tolist().index("person") if people else np.ones(len(labels), bool)
        boxes, scores = arrays["boxes"][wanted], arrays["scores"][wanted]
    frame, labels = frame[wanted], labels[wanted]
    out = []
    for index in range(len(pts_ns)):
        rows = np.flatnonzero(frame == index)
        found = sv.Detections(xyxy=boxes[rows], confidence=scores[rows], class_id=labels[rows].astype(int))
        found.data["row"] = rows
        out.append(found)
    return out, float(1e9 * (len(pts_ns) - 1) / (pts_ns[-1] - pts_ns[0]))


def _run(job: dict[str, Any], frames: list[sv.Detections], fps: float) -> dict[str, Any]:
    """Feed a tracker, or one for each class."""
    settings = dict(job["settings"])
    per_class = settings.pop("per_class", False)
    kinds = sorted({int(label) for found in frames for label in found.class_id}) if per_class else [None]
    made = {kind: TRACKERS[job["tracker"]](frame_rate=fps, **settings) for kind in kinds}
    rows, ids, frame, spent_ms = [], [], [], []
    for index, found in enumerate(frames):
        parts = {kind: found if kind is None else found[found.class_id == kind] for kind in kinds}
        began = time.process_time_ns()
        shown = [(kind, made[kind].update(part)) for kind, part in parts.items()]
        spent_ms.append((time.process_time_ns() - began) / 1e6)
        for kind, one in shown:
            good = np.flatnonzero(one.tracker_id >= 0) if len(one) else []
            for i in good:
                rows.append(int(one.data["row"][i]))
                ids.append(int(one.tracker_id[i]) * len(kinds) + kinds.index(kind))
                frame.append(index)
    whole = [np.array(part, np.int64) for part in (rows, ids, frame)]
    return {"row": whole[0], "id": whole[1], "frame": whole[2], "spent_ms": np.array(spent_ms)}


def score(files: list[str]) -> None:
    """TrackEval's HOTA, IDF1, MOTA and the counts behind them."""
    import trackeval

    metrics = trackeval.metrics.HOTA(), trackeval.metrics.Identity(_quiet()), trackeval.metrics.CLEAR(_quiet())
    for file in files:
        hota, identity, clear = (metric.eval_sequence(_data(file)) for metric in metrics)
        names = {"IDSW": "switches", "CLR_FN": "missed", "CLR_FP": "wrong", "Frag": "fragments"}
        line = {
            "hota": float(np.mean(hota["HOTA"])),
            "deta": float(np.mean(hota["DetA"])),
            "assa": float(np.mean(hota["AssA"])),
            "idf1": float(identity["IDF1"]),
            "mota": float(clear["MOTA"]),
            **{ours: int(clear[theirs]) for theirs, ours in names.items()},
        }
        print(json.dumps(line))


def _quiet() -> dict[str, Any]:
    return {"THRESHOLD": 0.5, "PRINT_CONFIG": False}


def _data(file: str) -> dict[str, Any]:
    """A sequence as TrackEval's metrics take it; ids count from 0."""
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    shapes = np.stack([arrays["truth_count"], arrays["track_count"]], 1)
    ends = np.cumsum(np.prod(shapes, axis=1))[:-1]
    overlap = [part.reshape(shape) for part, shape in zip(np.split(arrays["overlap"], ends), shapes, strict=True)]
    return {
        "num_timesteps": len(shapes),
        "num_gt_ids": len(np.unique(arrays["truth_id"])),
        "num_tracker_ids": len(np.unique(arrays["track_id"])),
        "num_gt_dets": len(arrays["truth_id"]),
        "num_tracker_dets": len(arrays["track_id"]),
        "gt_ids": np.split(arrays["truth_id"], np.cumsum(shapes[:, 0])[:-1]),
        "tracker_ids": np.split(arrays["track_id"], np.cumsum(shapes[:, 1])[:-1]),
        "similarity_scores": overlap,
    }


def main() -> None:
    """What the first argument says."""
    command, file = sys.argv[1:]
    jobs = json.loads(Path(file).read_text(encoding="utf-8"))
    {"track": track, "score": score}[command](jobs)


if __name__ == "__main__":
    main()
