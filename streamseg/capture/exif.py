"""How an image file says it must be turned: tag 0x0112 of its EXIF data.

Source: EXIF 2.32 (CIPA DC-008), 4.6.2 (an IFD's entries) and 4.6.4 A (Orientation).
"""

from streamseg.capture.orientation import UPRIGHT, Orientation

_MARKERS = (b"Exif\0\0", b"eXIf", b"EXIF")
"""What stands before the TIFF header: in JPEG, in PNG, in WebP (there with four bytes of length between)."""
_ORDERS = {b"II*\0": "little", b"MM\0*": "big"}
_TAG = 0x0112
_TURNS = (
    UPRIGHT,
    Orientation(False, -1, 1),
    Orientation(False, -1, -1),
    Orientation(False, 1, -1),
    Orientation(True, 1, 1),
    Orientation(True, -1, 1),
    Orientation(True, -1, -1),
    Orientation(True, 1, -1),
)


def exif_orientation(content: bytes) -> Orientation:
    """How the picture in an image file's content stands upright; as it is where the file does not say."""
    starts = [0] + [content.find(marker) + len(marker) for marker in _MARKERS if marker in content]
    for start in starts:
        for tiff in (start, start + 4):
            value = _tag(content[tiff:])
            if value is not None and 1 <= value <= len(_TURNS):
                return _TURNS[value - 1]
    return UPRIGHT


def _tag(tiff: bytes) -> int | None:
    """The tag's value in the first IFD of a TIFF block; None where there is none, or no such block."""
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)  # type: ignore[arg-type]  # one of the two literals

    first = number(4, 4)
    for entry in range(first + 2, first + 2 + 12 * number(first, 2), 12):
        if number(entry, 2) == _TAG:
            return number(entry + 8, 2)
    return None
