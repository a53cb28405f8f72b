"""Which frames the network looks at, and how the picture moved from the last of them to those between."""

from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from streamseg.geometry import F32, U8
from streamseg.preprocess.fit_view import FitView
from streamseg.preprocess.picture_flow import cells, difference, flow_back
from streamseg.preprocess.worth import is_still, is_worth_a_look
from streamseg.records import Flow, Frame

_FIRST = 3
"""So many frames at the beginning are looked at: what is there is to be known soon."""
_LONGEST_NS = 160_000_000
"""At the latest so long after the last look there is another one, if anything changed."""
_CALMEST = 50
"""Where nothing changes, looks come 1, 2, 4, 8 frames one after the other, and so on up to this."""
_STILL = np.zeros((1, 1, 2), np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """number: of a frame that the network is to look at, from 1; 0: it is not, and flow tells what moved meanwhile."""

    number: int
    flow: Flow | None = None


class LooksState(msgspec.Struct, frozen=True, array_like=True):
    """The last frame that the network was to look at.

    number: how many there were with it; seq, pts_ns: its own; pixels: it at a glance, uint8 [height, width]; calm: how
    many frames later the next one is, if nothing changes.
    """

    number: int = 0
    seq: int = -1
    pts_ns: int = 0
    height: int = 0
    width: int = 0
    pixels: bytes = b""
    calm: int = 1


class Looks:
    """One stream's looks; each call is the next frame.

    Args:
        fit: how frames lie in the network's view.
        every: one frame of so many is for the network; "auto": as the picture changes.
        state: of a predecessor, to go on from.
    """

    def __init__(self, fit: FitView, every: int | Literal["auto"], state: LooksState | None = None):
        self._fit, self._every = fit, every
        self.state = state if state is not None else LooksState()

    def __call__(self, frame: Frame) -> Look:
        """Whether the network is to look at a frame, or what moved."""
        now, last, auto = self._fit.glance(frame), self.state, self._every == "auto"
        if now.shape != (last.height, last.width) or self._is_turn(frame):
            return self._look(frame, now)
        then = np.frombuffer(last.pixels, np.uint8).reshape(now.shape)
        change = difference(then, now)
        if is_still(change):
            if auto and frame.seq - last.seq >= last.calm:
                return self._look(frame, now, calm=min(2 * last.calm, _CALMEST))
            return Look(0, self._flow(frame, _STILL))
        if auto and self._is_time(frame):
            return self._look(frame, now)
        flow = flow_back(then, now)
        if auto and (flow is None or is_worth_a_look(change, difference(then, now, flow), cells(flow))):
            return self._look(frame, now)
        return Look(0, None if flow is None else self._flow(frame, cells(flow)))

    def _is_turn(self, frame: Frame) -> bool:
        """Whether the frame is one of so many."""
        return self._every != "auto" and frame.seq % self._every == 0

    def _is_time(self, frame: Frame) -> bool:
        """Whether there must be a look, whatever changed."""
        last = self.state
        return last.number < _FIRST or not 0 <= frame.pts_ns - last.pts_ns < _LONGEST_NS

    def _look(self, frame: Frame, now: U8, *, calm: int = 1) -> Look:
        height, width = now.shape
        number, pixels = self.state.number + 1, now.tobytes()
        self.state = LooksState(number, frame.seq, frame.pts_ns, height, width, pixels, calm)
        return Look(number)

    def _flow(self, frame: Frame, back: F32) -> Flow:
        """In frame pixels: the flow between glances, float32 [h, w, 2] in theirs."""
        x0, y0, x1, y1 = self._fit.place(frame)
        scale = np.array([(x1 - x0) / self.state.width, (y1 - y0) / self.state.height], np.float32)
        return Flow(self.state.seq, back * scale, (float(x0), float(y0), float(x1), float(y1)))
