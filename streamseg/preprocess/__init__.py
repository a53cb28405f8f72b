"""2. Planes -> the network's view and back."""

from streamseg.preprocess.fit_view import FitView
from streamseg.preprocess.preprocessor import Preprocessor, PreprocessState

__all__ = ["FitView", "PreprocessState", "Preprocessor"]
