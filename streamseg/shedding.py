"""What a live stream leaves out when the machine cannot keep up, in the order in which it is given up."""

from enum import IntEnum


class Shed(IntEnum):
    """How much is left out; each level leaves out what those before it do, too."""

    NOTHING = 0
    MATTE = 1
    """Cut-outs have the plain alpha of their mask."""
    DETECTION = 2
    """The network looks at every second frame; tracks are moved along in between."""
    MOST_DETECTION = 3
    """It looks at every fourth."""
    FRAMES = 4
    """Every second frame is dropped after decoding."""
    MOST_FRAMES = 5
    """Three of four."""
    NON_REFERENCE = 6
    """Frames that no other one refers to are not decoded."""
    ALL_BUT_KEY = 7
    """Only key frames are decoded, one of sixteen frames at most; the network looks at each."""

    @property
    def detects_every(self) -> int:
        """The network looks at one of so many frames that are kept."""
        return {Shed.DETECTION: 2, Shed.ALL_BUT_KEY: 1}.get(self, 4 if self >= Shed.MOST_DETECTION else 1)

    @property
    def keeps_every(self) -> int:
        """One frame of so many that the source sends is kept at most."""
        return {Shed.FRAMES: 2, Shed.ALL_BUT_KEY: 16}.get(self, 4 if self >= Shed.MOST_FRAMES else 1)
