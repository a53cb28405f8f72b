"""2. Planes -> the network's view and back."""

from streamseg.preprocess.fit_view import FitView

__all__ = ["FitView"]
