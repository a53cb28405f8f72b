"""The synthetic street: a rendered place with exact truth, the same for the same seed and frame number."""

from streamseg.capture.street.render import Actor, Shade, Shot, Street

__all__ = ["Actor", "Shade", "Shot", "Street"]
