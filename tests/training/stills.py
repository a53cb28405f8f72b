"""Small COCO-format data sets made for a test: bright blobs on noise, one class a colour."""

import json
import zipfile

import cv2
import numpy as np

from streamseg.geometry import rle_encode

COLOURS = {1: (220, 60, 60), 2: (60, 220, 60), 3: (70, 70, 230)}


def write_zip(path, *, images=6, size_hw=(120, 160), info=None, crowd=False, seed=0):
    """A zip of images with two or three ellipses each; returns the annotation document."""
    rng = np.random.default_rng(seed)
    document = {
        "info": {"source": path.stem, "labelled": ["person", "vehicle", "animal"], "separated": True} | (info or {}),
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "vehicle"}, {"id": 3, "name": "animal"}],
        "images": [],
        "annotations": [],
    }
    with zipfile.ZipFile(path, "w") as archive:
        for image_id in range(1, images + 1):
            picture = rng.integers(90, 130, (*size_hw, 3), dtype=np.uint8)
            for x in (35, 85, 130)[: rng.integers(2, 4)]:
                category = int(rng.integers(1, 4))
                mask = np.zeros(size_hw, np.uint8)
                axes = int(rng.integers(12, 20)), int(rng.integers(18, 34))
                cv2.ellipse(mask, (x, 60), axes, 0, 0, 360, 1, -1)
                picture[mask > 0] = COLOURS[category]
                document["annotations"].append({
                    "id": len(document["annotations"]) + 1, "image_id": image_id, "category_id": category,
                    "iscrowd": int(crowd), "area": int(mask.sum()), "bbox": list(cv2.boundingRect(mask)),
                    "segmentation": {"size": list(size_hw), "counts": rle_encode(mask)},
                })  # fmt: skip
            name = f"images/{image_id}.jpg"
            document["images"].append({"id": image_id, "file_name": name, "height": size_hw[0], "width": size_hw[1]})
            archive.writestr(
                name, cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
            )
        archive.writestr("annotations.json", json.dumps(document))
    return document
