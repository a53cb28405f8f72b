"""Frame -> Sample without pixels: how a network would see it, where none looks."""

from streamseg.preprocess.fit_view import FitView
from streamseg.records import Frame, Sample


class FitOnly:
    """Samples that hold nothing but the way into the view.

    Args:
        fit: knows the way.
    """

    def __init__(self, fit: FitView):
        self._fit = fit

    def __call__(self, frame: Frame) -> Sample:
        return self._fit.without_view(frame)
