"""The preprocess stage of one stream: the view of each frame, and what moves in it where the network wants to know."""

from dataclasses import replace
from typing import Self

from streamseg.config import ModelConfig, StreamConfig
from streamseg.preprocess.background import Background, BackgroundState
from streamseg.preprocess.fit_view import FitView
from streamseg.records import Frame, Sample


class Preprocessor:
    """Frames to Samples, in order.

    Args:
        fit: makes the views.
        background: learns what the stream usually looks like; None: nobody asks.
        every: one frame of so many is for the network; of the others there is no view.
    """

    def __init__(self, fit: FitView, background: Background | None = None, *, every: int = 1):
        self._fit, self._background, self._every = fit, background, every

    @classmethod
    def of(
        cls,
        stream: StreamConfig,
        model: ModelConfig,
        view_hw: tuple[int, int],
        *,
        motion: bool,
        state: BackgroundState | None = None,
    ) -> Self:
        """As the configuration has it, for a network's view and whether it takes motion; state: a predecessor's."""
        fit = FitView(view_hw, stream.region, model.enlarge, stream.zones)
        return cls(fit, Background(state) if motion else None, every=model.detect_every)

    def __call__(self, frame: Frame) -> Sample:
        """The next frame's Sample; ConfigError if the stream's region lies outside it."""
        if frame.seq % self._every:
            return self._fit.without_view(frame)
        sample = self._fit(frame)
        if self._background is None:
            return sample
        return replace(sample, motion=self._background(sample.view, frame.pts_ns))

    @property
    def state(self) -> BackgroundState | None:
        """All that a successor needs, if it needs anything."""
        return self._background.state if self._background else None
