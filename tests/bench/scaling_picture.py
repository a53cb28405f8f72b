"""The scaling law as a drawing (SVG) that needs nothing but itself: for each point a bar of its stages' CPU."""

from collections.abc import Iterator
from html import escape
from typing import Any

from streamseg.evaluation.charts import axis_from_zero
from tests.bench.stage_cpu import STAGES

_COLOURS = dict(zip(STAGES, ("#0072b2", "#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#999999"), strict=True))
_STYLE = """
svg { color-scheme: light dark; background: #fbfbf9; }
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #22262a; }
.title { font-size: 14px; font-weight: 620; } .soft { fill: #697178; } .rule { stroke: #e3e4e0; }
@media (prefers-color-scheme: dark) {
  svg { background: #16191c; } text { fill: #e2e5e7; } .soft { fill: #97a0a7; } .rule { stroke: #31373c; }
}
"""
_WIDTH, _PANEL, _LEFT, _GAP = 960, 250, 50, 60
_TOP, _FOOT = 70, 50


def draw(found: dict[str, dict[str, Any]]) -> str:
    """All axes that have points, two in a row; light or dark as the reader's system has it."""
    axes = [(axis, rows) for axis, rows in found.items() if rows]
    parts, width = list(_legend()), (_WIDTH - 2 * _LEFT - _GAP) / 2
    for number, (axis, rows) in enumerate(axes):
        left = _LEFT + (number % 2) * (width + _GAP)
        parts += _panel(axis, rows, left, _TOP + (number // 2) * (_PANEL + _FOOT + 30), width)
    height = _TOP + -(-len(axes) // 2) * (_PANEL + _FOOT + 30)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="CPU a frame by stage"><style>{_STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _panel(axis: str, rows: dict[str, Any], left: float, top: float, width: float) -> Iterator[str]:
    sums = [sum(row["stages_ms"].values()) for row in rows.values()]
    scale, foot = axis_from_zero("ms of CPU a frame", max(sums)), top + _PANEL
    yield _text(f"{axis}: {scale.label}, and memory", left, top - 8, "title")
    for tick in scale.ticks:
        y = foot - scale.share(tick) * (_PANEL - 20)
        yield f'<line class="rule" x1="{left}" y1="{y:.1f}" x2="{left + width:.1f}" y2="{y:.1f}"/>'
        yield _text(f"{tick:g}", left - 6, y + 4, "soft", "end")
    step = width / len(rows)
    for number, ((value, row), total) in enumerate(zip(rows.items(), sums, strict=True)):
        x, begin = left + step * (number + 0.2), 0.0
        for stage in STAGES:
            ms = row["stages_ms"][stage]
            y, tall = foot - scale.share(begin + ms) * (_PANEL - 20), scale.share(ms) * (_PANEL - 20)
            title = f"<title>{escape(stage)}: {ms:.2f} ms</title>"
            size = f'width="{0.6 * step:.1f}" height="{tall:.1f}"'
            yield f'<rect fill="{_COLOURS[stage]}" x="{x:.1f}" y="{y:.1f}" {size}>{title}</rect>'
            begin += ms
        middle = x + 0.3 * step
        yield _text(f"{total:.1f}", middle, foot - scale.share(total) * (_PANEL - 20) - 4, "", "middle")
        yield _text(value, middle, foot + 16, "", "middle")
        yield _text(f"{row['pss_mb']:.0f} MB", middle, foot + 32, "soft", "middle")


def _legend() -> Iterator[str]:
    x = float(_LEFT)
    for stage, colour in _COLOURS.items():
        yield f'<rect fill="{colour}" x="{x}" y="18" width="12" height="12"/>'
        yield _text(stage, x + 18, 28)
        x += 40 + 7.5 * len(stage)


def _text(text: str, x: float, y: float, kind: str = "", anchor: str = "start") -> str:
    # the attributes serve readers that apply no style sheet to drawings
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-family="sans-serif" font-size="12">'
        f"{escape(text)}</text>"
    )
