"""Frame -> Sample without pixels: how a network would see it, where none looks."""

import numpy as np

from streamseg.preprocess.fit_view import FitView
from streamseg.records import Frame, Sample

_NOTHING = np.zeros((0, 0, 3), np.uint8)


class FitOnly:
    """Samples that hold nothing but the way into the view.

    Args:
        fit: knows the way.
    """

    def __init__(self, fit: FitView):
        self._fit = fit

    def __call__(self, frame: Frame) -> Sample:
        return Sample(_NOTHING, self._fit.fit(frame))
