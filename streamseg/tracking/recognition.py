"""Who comes back: a track that was lost is known again by what it looks like, near where it should be by now."""

import numpy as np
import numpy.typing as npt

from streamseg.tracking.association import Indices, Pairs, Sightings, assign, likeness

_ALIKE = 0.7
"""Lowest cosine at which a lost track is known again, right where it is expected."""
_APART_COST = 0.2
"""By how much more it must look alike at the end of its reach."""
_REACH, _STRIDE = 0.7, 1.0
"""How far a lost track may be from where it is expected, in extents, and what each second unseen adds."""
_GROWN = 2.0
"""Most that an object's extent changes while nobody sees it."""


def recognise(tracks: Sightings, found: Sightings, lost: Indices, columns: Indices, *, lost_s: npt.ArrayLike) -> Pairs:
    """Which lost tracks [K], unseen for lost_s [K] seconds, are which of the detections columns: (track, detection).

    They must look alike, have one label and about one size, and lie no farther apart than the time allows. Without
    appearance there are none: to be at a place is no proof.
    """
    alike = likeness(tracks, found)
    if alike is None or not len(lost) or not len(columns):
        return []
    near, far = tracks.boxes[lost], found.boxes[columns]
    extent, other_extent = (np.sqrt((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])) for box in (near, far))
    larger, smaller = np.maximum(extent[:, None], other_extent), np.minimum(extent[:, None], other_extent)
    shift = (near[:, None, :2] + near[:, None, 2:] - far[:, :2] - far[:, 2:]) / 2
    reach = larger * (_REACH + _STRIDE * np.asarray(lost_s, np.float64)[:, None])
    apart = np.hypot(shift[..., 0], shift[..., 1]) / reach
    possible = (apart < 1) & (larger < _GROWN * smaller) & (tracks.labels[lost][:, None] == found.labels[columns])
    fit = np.where(possible, alike[lost[:, None], columns] - _APART_COST * apart - _ALIKE, 0)
    pairs = assign(fit, np.arange(len(lost)), np.arange(len(columns)))
    return [(int(lost[i]), int(columns[j])) for i, j in pairs]
