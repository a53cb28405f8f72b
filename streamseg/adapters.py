"""Extractions for other programs: supervision Detections, COCO annotations, MOT rows.

All three carry a frame's active tracks that were seen in it; sizes and boxes are in frame pixels. labels are the
network's class names, in its order. COCO: https://cocodataset.org/#format-data; MOT: https://motchallenge.net/instructions
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from streamseg.errors import DataError
from streamseg.geometry import SoftMask, cover, rle_encode
from streamseg.records import U8, Extraction, Track

if TYPE_CHECKING:
    from supervision import Detections

_INSIDE = 127
"""A pixel with more alpha than this belongs to the object."""


def to_detections(extraction: Extraction, labels: Sequence[str]) -> "Detections":
    """supervision Detections: boxes, full-frame masks (bool [N, H, W]), scores, class and track ids, class names."""
    from supervision import Detections

    tracks = _seen(extraction)
    size_hw = extraction.frame.size_hw
    masks = [_full(mask, size_hw).astype(bool) for _, mask in tracks]
    return Detections(
        xyxy=np.array([track.box for track, _ in tracks], np.float32).reshape(-1, 4),
        mask=np.array(masks, bool).reshape(-1, *size_hw),
        confidence=np.array([track.score for track, _ in tracks], np.float32),
        class_id=np.array([_index(track, labels) for track, _ in tracks], int),
        tracker_id=np.array([track.id for track, _ in tracks], int),
        data={"class_name": np.array([track.label for track, _ in tracks], str)},
    )


def to_coco(extraction: Extraction, labels: Sequence[str]) -> list[dict[str, object]]:
    """COCO annotations, in the form of results: image_id is the frame's seq, category_id 1 for the first label."""
    size_hw = extraction.frame.size_hw
    annotations: list[dict[str, object]] = []
    for track, mask in _seen(extraction):
        full = _full(mask, size_hw)
        annotations.append(
            {
                "image_id": extraction.frame.seq,
                "category_id": _index(track, labels) + 1,
                "bbox": _xywh(track),
                "segmentation": {"size": list(size_hw), "counts": rle_encode(full)},
                "area": int(np.count_nonzero(full)),
                "iscrowd": 0,
                "score": round(track.score, 4),
                "track_id": track.id,
            }
        )
    return annotations


def to_mot(extraction: Extraction) -> list[str]:
    """MOT Challenge rows: frame (from 1), id, x, y, w, h, score, and -1 for the place in the world."""
    frame = extraction.frame.seq + 1
    return [
        ",".join(str(value) for value in (frame, track.id, *_xywh(track), round(track.score, 4), -1, -1, -1))
        for track, _ in _seen(extraction)
    ]


def write_coco(extractions: Iterable[Extraction], path: Path | str, labels: Sequence[str]) -> None:
    """Write a COCO file of images, annotations and categories, a frame at a time."""
    categories = [{"id": index, "name": label} for index, label in enumerate(labels, start=1)]
    images: list[dict[str, object]] = []
    count = 0
    with Path(path).open("w", encoding="utf-8") as file:
        file.write('{"annotations": [')
        for extraction in extractions:
            height, width = extraction.frame.size_hw
            seq = extraction.frame.seq
            images.append({"id": seq, "file_name": f"{seq}.png", "height": height, "width": width})
            for annotation in to_coco(extraction, labels):
                count += 1
                file.write(("" if count == 1 else ",\n") + json.dumps({"id": count, **annotation}))
        file.write(f'],\n"images": {json.dumps(images)},\n"categories": {json.dumps(categories)}}}\n')


def write_mot(extractions: Iterable[Extraction], path: Path | str) -> None:
    """Write a MOT Challenge text file, a frame at a time."""
    with Path(path).open("w", encoding="ascii") as file:
        for extraction in extractions:
            file.writelines(f"{row}\n" for row in to_mot(extraction))


def _seen(extraction: Extraction) -> list[tuple[Track, SoftMask]]:
    return [(track, track.mask) for track in extraction.tracks if track.state == "active" and track.mask is not None]


def _full(mask: SoftMask, size_hw: tuple[int, int]) -> U8:
    """uint8 [H, W], 1 where the object is."""
    x0, y0, x1, y1 = crop = cover(mask.box, size_hw)
    full = np.zeros(size_hw, np.uint8)
    full[y0:y1, x0:x1] = mask.on(crop) > _INSIDE
    return full


def _xywh(track: Track) -> list[float]:
    x0, y0, x1, y1 = track.box
    return [round(value, 2) for value in (x0, y0, x1 - x0, y1 - y0)]


def _index(track: Track, labels: Sequence[str]) -> int:
    if track.label not in labels:
        raise DataError(f"track {track.id}: label {track.label!r} is not among the labels {', '.join(labels)}")
    return labels.index(track.label)
