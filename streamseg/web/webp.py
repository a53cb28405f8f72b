"""Cut-outs as WebP: a quarter of a PNG's bytes, alpha kept, as small as a page shows them."""

import cv2
import numpy as np

from streamseg.web.asking import Refused

_QUALITY = 90


def as_webp(png: bytes, side: int | None = None) -> bytes:
    """A PNG, with or without alpha, as WebP; side: most pixels of its longer side, it is never made larger."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if picture is None:
        raise Refused(404, "the cut-out is damaged")
    height, width = picture.shape[:2]
    scale = 1.0 if side is None else min(1.0, side / max(height, width))
    if scale < 1.0:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = _smaller(picture, size)
    done, encoded = cv2.imencode(".webp", picture, (cv2.IMWRITE_WEBP_QUALITY, _QUALITY))
    if not done:
        raise Refused(404, f"{width} x {height} pixels: too large for WebP")
    return encoded.tobytes()


def _smaller(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Colours weighted by alpha: what is transparent has none that could bleed into the edge."""
    if picture.ndim < 3 or picture.shape[2] != 4:
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    alpha = picture[..., 3:].astype(np.float32) / 255
    small = cv2.resize(np.dstack((picture[..., :3] * alpha, alpha)), size, interpolation=cv2.INTER_AREA)
    colours = small[..., :3] / np.maximum(small[..., 3:], 1e-6)
    return np.rint(np.dstack((colours.clip(0, 255), small[..., 3] * 255))).astype(np.uint8)
