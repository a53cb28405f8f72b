"""Where the time goes, as a drawing (SVG) that needs nothing but itself: a bar for each stage of each job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from streamseg.accounts import StageTime
from streamseg.bench.measure import JobCost
from streamseg.bench.report import TITLES, at_work, head
from streamseg.bench.session import Outcome
from streamseg.evaluation.charts import Axis, axis_from_zero

KINDS = ("busy", "waiting", "blocked")
_STYLE = """
svg { color-scheme: light dark; background: #fbfbf9; }
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #22262a; }
.title { font-size: 19px; font-weight: 650; } .job { font-size: 14px; font-weight: 620; } .soft { fill: #697178; }
.rule { stroke: #e3e4e0; } .pace { stroke: #d55e00; stroke-dasharray: 4 3; } text.pace { fill: #d55e00; stroke: none; }
.busy { fill: #0072b2; } .waiting { fill: #a9c9de; } .blocked { fill: #d9b38c; }
@media (prefers-color-scheme: dark) {
  svg { background: #16191c; }
  text { fill: #e2e5e7; } .soft { fill: #97a0a7; } .rule { stroke: #31373c; }
  .pace { stroke: #ff9a52; } text.pace { fill: #ff9a52; }
  .busy { fill: #56b4e9; } .waiting { fill: #2f5168; } .blocked { fill: #6b5237; }
}
"""
_WIDTH, _LEFT, _RIGHT = 960, 130, 120
_ROW, _BAR = 26, 16
_HEAD, _LINE, _JOB, _FOOT = 44, 18, 62, 40


@dataclass(frozen=True, slots=True)
class _Row:
    """A stage: milliseconds a frame, in the order of KINDS, and the share of all time that it is at work."""

    stage: str
    times_ms: tuple[float, float, float]
    share: float

    @classmethod
    def of(cls, stage: str, times: StageTime, fps: float) -> "_Row":
        sums = times.busy_ns, times.waiting_ns, times.blocked_ns
        busy, waiting, blocked = (ns / times.frames / 1e6 for ns in sums)
        return cls(stage, (busy, waiting, blocked), at_work(times, fps))


def draw(outcome: Outcome) -> str:
    """The whole drawing; light or dark as the reader's system has it."""
    lines = [*head(outcome), _decoding(outcome)]
    parts = [_text("Where a frame's time goes", 24, 34, "title")]
    parts += [_text(line, 24, _HEAD + _LINE * (i + 1), "soft") for i, line in enumerate(lines)]
    top = _HEAD + _LINE * len(lines) + 34
    parts.append(_legend(top))
    for name, cost in outcome.jobs.items():
        rows = [_Row.of(stage, times, cost.fps) for stage, times in cost.stages.items()]
        parts += _job(f"{TITLES[name]}: {_rate(cost)}", rows, top, pace_ms=1000 / cost.fps)
        top += _JOB + _ROW * len(rows) + _FOOT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}" '
        f'role="img" aria-label="Where a frame\'s time goes"><style>{_STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _decoding(outcome: Outcome) -> str:
    found = outcome.decoding
    return f"decoding alone: {found.fps:.1f} frames/s, {found.cpu_ms:.1f} ms of CPU a frame"


def _rate(cost: JobCost) -> str:
    cpu = "" if cost.cpu_ms is None else f", {cost.cpu_ms:.1f} ms of CPU a frame"
    return f"{cost.fps:.1f} frames/s{cpu}"


def _job(title: str, rows: Sequence[_Row], top: float, *, pace_ms: float) -> Iterator[str]:
    """A job's bars; the broken line is the time from frame to frame: a stage as busy as that is never idle."""
    longest = max((sum(row.times_ms) for row in rows), default=pace_ms)
    axis = axis_from_zero("ms a frame", max(longest, pace_ms))
    first, foot = top + _JOB, top + _JOB + _ROW * len(rows)
    yield _text(title, 24, top + 24, "job")
    for tick in axis.ticks:
        x = _at(tick, axis)
        yield f'<line class="rule" x1="{x:.1f}" y1="{first - 8}" x2="{x:.1f}" y2="{foot}"/>'
        yield _text(f"{tick:g}", x, foot + 16, "soft", "middle")
    yield _text(axis.label, _WIDTH - _RIGHT + 14, foot + 16, "soft")
    for i, row in enumerate(rows):
        yield from _bars(row, first + _ROW * i, axis)
    x = _at(pace_ms, axis)
    yield f'<line class="pace" x1="{x:.1f}" y1="{first - 12}" x2="{x:.1f}" y2="{foot}"/>'
    yield _text(f"a frame every {pace_ms:.1f} ms", x + 5, first - 8, "pace")


def _bars(row: _Row, top: float, axis: Axis) -> Iterator[str]:
    middle = top + _ROW / 2 + 4
    yield _text(row.stage, _LEFT - 10, middle, "", "end")
    begin = 0.0
    for kind, time_ms in zip(KINDS, row.times_ms, strict=True):
        x, width = _at(begin, axis), _at(time_ms, axis) - _at(0, axis)
        title = f"<title>{escape(row.stage)}: {kind} {time_ms:.2f} ms</title>"
        size = f'width="{width:.1f}" height="{_BAR}"'
        yield f'<rect class="{kind}" x="{x:.1f}" y="{top + (_ROW - _BAR) / 2}" {size}>{title}</rect>'
        begin += time_ms
    yield _text(f"{row.times_ms[0]:.1f} ms, {row.share:.0%}", _WIDTH - _RIGHT + 14, middle, "soft")


def _legend(top: float) -> str:
    meanings = ("busy", "waiting for the stage", "blocked: no free slot")
    parts, x = [], float(_LEFT)
    for kind, meaning in zip(KINDS, meanings, strict=True):
        parts.append(f'<rect class="{kind}" x="{x}" y="{top - 16}" width="12" height="12"/>')
        parts.append(_text(meaning, x + 18, top - 6))
        x += 40 + 7 * len(meaning)
    parts.append(_text("at the right: busy, and the share of all time that is", x, top - 6, "soft"))
    return "".join(parts)


def _at(value_ms: float, axis: Axis) -> float:
    return _LEFT + axis.share(value_ms) * (_WIDTH - _LEFT - _RIGHT)


def _text(text: str, x: float, y: float, kind: str = "", anchor: str = "start") -> str:
    # the attributes serve readers that apply no style sheet to drawings
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-family="sans-serif" font-size="12">'
        f"{escape(text)}</text>"
    )
