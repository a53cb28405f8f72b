"""Class name to colour: Okabe and Ito's set for colour-blind viewers (jfly.uni-koeln.de/color).

The three classes of the shipped network have those of its colours that are the furthest apart for all kinds of eyes.
"""

from zlib import crc32

from streamseg.sinks.stamps import Rgb

_PERSON: Rgb = (86, 180, 233)
_VEHICLE: Rgb = (240, 228, 66)
_ANIMAL: Rgb = (213, 94, 0)
_OTHERS: tuple[Rgb, ...] = ((204, 121, 167), (230, 159, 0), (0, 158, 115), (0, 114, 178))

_VEHICLES = ("vehicle", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "van", "tram")
_ANIMALS = ("animal", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe")
_KNOWN = {"person": _PERSON} | dict.fromkeys(_VEHICLES, _VEHICLE) | dict.fromkeys(_ANIMALS, _ANIMAL)


def class_rgb(label: str) -> Rgb:
    """The colour of a class; a class without a place of its own gets one by its name, the same in every run."""
    return _KNOWN.get(label) or _OTHERS[crc32(label.encode()) % len(_OTHERS)]
