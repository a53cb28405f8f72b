"""What moves before a fixed camera: how surely each part of the view differs from its own past.

A running median of the view and of how far it strays, both by small steps towards what is seen: Manzanera & Richefeu
2007, "A new motion detection algorithm based on sigma-delta background estimation", sec. 2, with steps that begin large
and shrink (Robbins & Monro 1951), so that a background is found within a second or two.
"""

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.inference.strides import MOTION_STRIDE

U8 = npt.NDArray[np.uint8]
I16 = npt.NDArray[np.int16]

_ONE = 128
"""One grey level in the fixed-point numbers of the state."""
_TICK_NS = 40_000_000
_WARM_TICKS = 10
_FIRST_STEP, _LAST_STEP = 48.0, 0.1
"""Grey levels a tick: the first one over the number of ticks seen, never below the last."""
_RELUCTANCE = 4
"""What moves becomes background so many times slower: one who stands still is seen for about a minute."""
_SETTLED_TICKS = 250
"""Until then there is no reluctance: what stood there at first and has gone leaves a ghost."""
_LEAST_SPREAD = _ONE
_SPREADS, _MARGIN = 3, 2 * _ONE
_FULL = 42 * _ONE
"""So far beyond what is usual, motion is sure."""
_MOST_MOVING = 0.6
"""Where more of the view than this differs, the camera moves or the light changed: nothing is known."""
_EDGE = 24
"""Grey levels over two cells: steeper ones tell whether the view itself moves."""
_MOST_EDGES = 0.73
"""Where more of the edges than this lie elsewhere than _WARM_TICKS ago, the camera moves: with 9 clips of moving
cameras it was 0.74 to 0.92, with 11 of fixed ones mostly below 0.6, however much went on before them."""


class BackgroundState(msgspec.Struct, frozen=True, array_like=True):
    """What a Background knows.

    size: h, w of its maps; ticks of 40 ms that it has learnt for; pts_ns: when it looked last; usual, spread: its maps.
    anchor: the view, h x w, at anchor_ticks, which later ones are held against to see whether the camera moves.
    """

    size: tuple[int, int]
    ticks: float
    pts_ns: int
    usual: bytes
    spread: bytes
    anchor: bytes
    anchor_ticks: float


class Background:
    """One camera's background; each call is the next frame.

    Args:
        state: of a predecessor, to go on from.
    """

    def __init__(self, state: BackgroundState | None = None):
        self._ticks, self._pts_ns = 0.0, 0
        self._usual: I16 = np.zeros((3, 0, 0), np.int16)
        self._spread: I16 = np.zeros((0, 0), np.int16)
        self._anchor: U8 = np.zeros((0, 0, 3), np.uint8)
        self._anchor_ticks = 0.0
        if state is not None:
            self._ticks, self._pts_ns = state.ticks, state.pts_ns
            self._usual = np.frombuffer(state.usual, np.int16).reshape(3, *state.size).copy()
            self._spread = np.frombuffer(state.spread, np.int16).reshape(state.size).copy()
            self._anchor = np.frombuffer(state.anchor, np.uint8).reshape(*state.size, 3)
            self._anchor_ticks = state.anchor_ticks

    @property
    def state(self) -> BackgroundState:
        """All that a successor needs."""
        height, width = self._spread.shape
        maps = self._usual.tobytes(), self._spread.tobytes(), self._anchor.tobytes()
        return BackgroundState((height, width), self._ticks, self._pts_ns, *maps, self._anchor_ticks)

    def __call__(self, view: U8, pts_ns: int) -> U8:
        """Learn from a view (uint8 [H, W, 3]); motion, uint8 [H/4, W/4]: 0 as ever to 255 surely not.

        All 0 where nothing is known: at first, and while the camera itself moves.
        """
        height, width = view.shape[0] // MOTION_STRIDE, view.shape[1] // MOTION_STRIDE
        small = cv2.resize(view, (width, height), interpolation=cv2.INTER_AREA)
        now = np.multiply(small.transpose(2, 0, 1), np.int16(_ONE), dtype=np.int16, order="C")
        if self._spread.shape != (height, width) or pts_ns < self._pts_ns or self._has_shifted(small):
            self._begin(now, small)
        ticks = min(max((pts_ns - self._pts_ns) / _TICK_NS, 0.1), 25.0)
        self._ticks, self._pts_ns = self._ticks + ticks, pts_ns
        distance = _distance(now, self._usual)
        beyond = distance - np.int16(_SPREADS) * self._spread - np.int16(_MARGIN)
        moving = float(np.count_nonzero(beyond > 8 * _ONE)) / beyond.size
        self._learn(now, distance, beyond > 0, max(_FIRST_STEP / self._ticks, _LAST_STEP) * ticks)
        if moving > _MOST_MOVING:
            self._ticks = min(self._ticks, _WARM_TICKS / 2)
        if self._ticks < _WARM_TICKS:
            return np.zeros((height, width), np.uint8)
        return cv2.convertScaleAbs(np.clip(beyond, 0, _FULL), alpha=255 / _FULL)

    def _begin(self, now: I16, small: U8) -> None:
        self._usual, self._spread = now.copy(), np.full(now.shape[1:], 2 * _ONE, np.int16)
        self._anchor, self._ticks, self._anchor_ticks = small, 0.0, 0.0

    def _has_shifted(self, small: U8) -> bool:
        """Whether the camera moved since the anchor was dropped; looked at, and dropped anew, now and then."""
        if self._ticks - self._anchor_ticks < _WARM_TICKS:
            return False
        before, after = (view.transpose(2, 0, 1).astype(np.int16) for view in (self._anchor, small))
        self._anchor, self._anchor_ticks = small, self._ticks
        return _edges_moved(before, after) > _MOST_EDGES

    def _learn(self, now: I16, distance: I16, moves: npt.NDArray[np.bool_], step: float) -> None:
        """Every cell a step towards now; the spread goes four times slower than what it is measured from."""
        settled = self._ticks >= _SETTLED_TICKS
        most = min(step, 255.0) * _ONE
        steps = np.where(moves & settled, max(1, most / _RELUCTANCE), max(1, most)).astype(np.int16)
        self._usual += np.clip(now - self._usual, -steps, steps)
        steps = np.maximum(steps // 4, 1)
        self._spread += np.clip(distance - self._spread, -steps, steps)
        np.maximum(self._spread, _LEAST_SPREAD, out=self._spread)


def _distance(one: I16, other: I16) -> I16:
    """How far two views (int16 [3, h, w]) are apart, [h, w], but for what all of the view has in common: exposure."""
    away = one - other
    away -= np.median(away[:, ::4, ::4], axis=(1, 2), keepdims=True).astype(np.int16)
    return np.asarray(np.maximum.reduce(np.abs(away)))


def _edges_moved(before: I16, after: I16) -> float:
    """Share of the edges of a view (int16 [3, h, w]) that differ by what a shift by half a cell would make of them."""
    across, down = before[:, 1:-1, 2:] - before[:, 1:-1, :-2], before[:, 2:, 1:-1] - before[:, :-2, 1:-1]
    steepness = np.maximum.reduce(np.abs(np.concatenate([across, down])))
    moved = _distance(after, before)[1:-1, 1:-1] > steepness // 4
    edges = steepness > _EDGE
    return int(np.count_nonzero(moved & edges)) / max(1, int(np.count_nonzero(edges)))
