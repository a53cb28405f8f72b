"""A network for tests.training.stills: it knows objects by their colour, and errs where the colour is spoilt."""

import cv2
import numpy as np

from streamseg.geometry import SoftMask
from streamseg.records import Instances
from tests.training.stills import COLOURS


class ColourNetwork:
    labels, view_hw, takes_motion = ("person", "vehicle", "animal"), (160, 160), False

    def __call__(self, samples):
        return [self._instances(sample) for sample in samples]

    def describe(self):
        return "colours"

    def _instances(self, sample):
        boxes, labels, masks = [], [], []
        for category, colour in COLOURS.items():
            alike = (np.abs(sample.view.astype(int) - colour).max(axis=2) < 60).astype(np.uint8)
            count, components, stats, _ = cv2.connectedComponentsWithStats(alike)
            for index in range(1, count):
                x, y, w, h, area = stats[index].tolist()
                if area < 40:
                    continue
                boxes.append(tuple(sample.fit.undo([x, y, x + w, y + h]).tolist()))
                masks.append(SoftMask((components[y : y + h, x : x + w] == index).astype(np.uint8) * 255, boxes[-1]))
                labels.append(category - 1)
        scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
        return Instances(np.array(boxes, np.float32).reshape(-1, 4), scores, np.array(labels, np.int32), tuple(masks))
