"""Small COCO-format data sets made for a test: bright blobs on noise, one class a colour."""

import json
import zipfile

import cv2
import numpy as np

from streamseg.geometry import rle_encode

COLOURS = {1: (220, 60, 60), 2: (60, 220, 60), 3: (70, 70, 230)}


def write_zip(path, *, images=6, size_hw=(120, 160), info=None, crowd=False, seed=0, dark=0.0):
    """A zip of images with two or three ellipses each; returns the annotation document.

    dark: the share of light taken by the shadows of two ellipses and of something outside; 0: there are none.
    """
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
            if dark:
                _shade(picture, document["annotations"], image_id, dark)
            name = f"images/{image_id}.jpg"
            document["images"].append({"id": image_id, "file_name": name, "height": size_hw[0], "width": size_hw[1]})
            archive.writestr(
                name, cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
            )
        archive.writestr("annotations.json", json.dumps(document))
    return document


def _shade(picture, rows, image_id, dark):
    """Shadows below the first two ellipses, named after them, and one of what is not in the picture."""
    casters = [row["id"] for row in rows if row["image_id"] == image_id][:2]
    for x, of in ((35, casters[0]), (85, casters[1]), (130, None)):
        mask = np.zeros(picture.shape[:2], np.uint8)
        mask[100:114, x - 18 : x + 18] = 1
        picture[mask > 0] = np.rint(picture[mask > 0] * (1 - dark))
        rows.append({
            "id": len(rows) + 1, "image_id": image_id, "category_id": 4, "iscrowd": 0, "dark": dark,
            "area": int(mask.sum()), "bbox": list(cv2.boundingRect(mask)),
            "segmentation": {"size": list(mask.shape), "counts": rle_encode(mask)},
        } | ({} if of is None else {"of": of}))  # fmt: skip
