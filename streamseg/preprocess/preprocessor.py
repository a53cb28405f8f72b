"""The preprocess stage of one stream: which frames the network looks at, its view of them, and what moves in it."""

from dataclasses import replace
from typing import Self

import msgspec

from streamseg.config import ModelConfig, StreamConfig
from streamseg.preprocess.background import Background, BackgroundState
from streamseg.preprocess.fit_view import FitView
from streamseg.preprocess.looks import Look, Looks, LooksState
from streamseg.records import Frame, Sample


class PreprocessState(msgspec.Struct, frozen=True, array_like=True):
    """What a Preprocessor knows, of what it has to know anything."""

    background: BackgroundState | None
    looks: LooksState | None


class Preprocessor:
    """Frames to Samples, in order.

    Args:
        fit: makes the views.
        background: learns what the stream usually looks like; None: nobody asks.
        looks: says which frames are for the network; None: all. Of the others there is no view.
    """

    def __init__(self, fit: FitView, background: Background | None = None, looks: Looks | None = None):
        self._fit, self._background, self._looks = fit, background, looks

    @classmethod
    def of(
        cls,
        stream: StreamConfig,
        model: ModelConfig,
        view_hw: tuple[int, int],
        *,
        motion: bool,
        state: PreprocessState | None = None,
    ) -> Self:
        """As the configuration has it, for a network's view and whether it takes motion; state: a predecessor's."""
        fit = FitView(view_hw, stream.region, model.enlarge, stream.zones)
        learnt, looked = (state.background, state.looks) if state else (None, None)
        background = Background(learnt) if motion else None
        return cls(fit, background, None if model.detect_every == 1 else Looks(fit, model.detect_every, looked))

    def __call__(self, frame: Frame) -> Sample:
        """The next frame's Sample; ConfigError if the stream's region lies outside it."""
        look = self._looks(frame) if self._looks else Look(frame.seq + 1)
        if not look.number:
            return replace(self._fit.without_view(frame), flow=look.flow)
        sample = self._fit(frame)
        motion = self._background(sample.view, frame.pts_ns) if self._background else None
        return replace(sample, motion=motion, look=look.number)

    @property
    def state(self) -> PreprocessState | None:
        """All that a successor needs, if it needs anything; it changes with frames that have a view."""
        if self._background is None and self._looks is None:
            return None
        return PreprocessState(
            self._background.state if self._background else None, self._looks.state if self._looks else None
        )
