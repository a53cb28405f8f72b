"""What a training scene is: a picture, the objects in it, and what is known of the rest."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]


@dataclass(slots=True)
class Thing:
    """One object of a scene: mask uint8 [S, S] 0/1 of what is visible (None: only its box is known), its full area.

    identity: the same number in every scene that shows this very object. shadow: uint8 [S, S], the share of the light
    it takes from each pixel, 255 for all; None: it casts none.
    """

    label: int
    mask: U8 | None
    box: tuple[float, float, float, float]
    area: int
    identity: int = -1
    shadow: U8 | None = None


@dataclass(slots=True)
class Scene:
    """What training sees at once.

    rgb: uint8 [S, S, 3]. things: its objects. valid: uint8 [C, S, S], 1 where "no object of this class" is known to be
    true. crowd: uint8 [C, S, S], 1 on regions of several objects. shadows: uint8 [S, S] as Thing.shadow, of what is not
    among things. motion: uint8 [S/4, S/4], see motion.py, or None.
    """

    rgb: U8
    things: list[Thing]
    valid: U8
    crowd: U8
    shadows: list[U8] = field(default_factory=list)
    motion: U8 | None = None
