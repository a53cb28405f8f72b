"""The colours of classes, as people with and without all kinds of cones see them.

Simulation: Machado, Oliveira, Fernandes 2009, "A physiologically-based model for simulation of color vision
deficiency", table 1, severity 1, on linear RGB.
"""

from itertools import combinations

import cv2
import numpy as np
import pytest

from streamseg.sinks.palette import class_rgb

SEEN_BY = {
    "all cones": np.eye(3),
    "no L cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no M cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no S cones": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(rgb: tuple[int, int, int], matrix: object) -> np.ndarray:
    """CIE L*a*b* of a colour as someone sees it."""
    share = np.array(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(matrix) @ linear, 0, 1)
    encoded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(encoded.astype(np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0]


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_classes_of_the_shipped_network_stay_apart_for_all_eyes(eyes: str) -> None:
    colours = {label: lab(class_rgb(label), SEEN_BY[eyes]) for label in ("person", "vehicle", "animal")}
    apart = {pair: float(np.linalg.norm(colours[pair[0]] - colours[pair[1]])) for pair in combinations(colours, 2)}
    assert min(apart.values()) > 25, apart


def test_colours_are_light_enough_to_be_lines_on_a_dark_picture() -> None:
    for label in ("person", "vehicle", "animal"):
        assert lab(class_rgb(label), np.eye(3))[0] > 50
