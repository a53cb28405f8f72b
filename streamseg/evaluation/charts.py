"""Lines in SVG, drawn to stand in a page of HTML: colours come from the page's style (classes c0, c1, ... and ink)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Points = Sequence[tuple[float, float]]

COLOURS = 8
_WIDTH, _HEIGHT = 460, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 12, 42
_SPARK_WIDTH, _SPARK_HEIGHT = 110, 28


@dataclass(frozen=True, slots=True)
class Axis:
    """What is laid off along an edge; ticks are values."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high one."""
        return (value - self.low) / ((self.high - self.low) or 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One curve and its name in the legend."""

    name: str
    points: Points


UNIT_TICKS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def axis_from_zero(label: str, highest: float) -> Axis:
    """An axis that reaches a little above highest, with three to six ticks at round values."""
    power = 10 ** math.floor(math.log10(highest / 2)) if highest > 0 else 0.2
    step = next(power * factor for factor in (1, 2, 5) if highest <= 5 * power * factor)
    ticks = [i * step for i in range(math.ceil(highest / step) + 1)] if highest > 0 else [0, step]
    return Axis(label, 0, ticks[-1], ticks)


def line_chart(lines: Sequence[Line], x: Axis, y: Axis, title: str) -> str:
    """A chart with its title above and its legend below."""
    drawn = "".join(_curve(i, _points(line.points, x, y)) for i, line in enumerate(lines))
    svg = (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{_grid(x, y)}{drawn}</svg>"
    )
    keys = "".join(f'<li><i class="c{i % COLOURS}"></i>{escape(line.name)}</li>' for i, line in enumerate(lines))
    return f'<div><p class="soft">{escape(title)}</p>{svg}<ul class="legend key">{keys}</ul></div>'


def sparkline(values: Sequence[float], title: str) -> str:
    """A small curve without axes, 0 at the foot and 1 at the top."""
    step = (_SPARK_WIDTH - 6) / max(1, len(values) - 1)
    at = [(3 + i * step, 3 + (_SPARK_HEIGHT - 6) * (1 - min(1.0, value))) for i, value in enumerate(values)]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6"/>' for x, y in at)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    return (
        f'<svg class="spark" viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{_curve(0, line)}{dots}</svg>"
    )


def _curve(number: int, points: str) -> str:
    # the attributes serve readers that apply no style sheet to drawings
    return f'<polyline class="line c{number % COLOURS}" fill="none" stroke="currentColor" points="{points}"/>'


def _place(px: float, py: float, x: Axis, y: Axis) -> tuple[float, float]:
    return (
        _LEFT + x.share(px) * (_WIDTH - _LEFT - _RIGHT),
        _HEIGHT - _BOTTOM - y.share(py) * (_HEIGHT - _TOP - _BOTTOM),
    )


def _points(points: Points, x: Axis, y: Axis) -> str:
    return " ".join(f"{px:.1f},{py:.1f}" for px, py in (_place(*point, x, y) for point in points))


def _grid(x: Axis, y: Axis) -> str:
    foot, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for tick in y.ticks:
        at = _place(x.low, tick, x, y)[1]
        parts.append(f'<line class="rule" stroke="#ddd" x1="{_LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}"/>')
        parts.append(_text(f"{tick:g}", _LEFT - 8, at + 4, "end"))
    parts += [_text(f"{tick:g}", _place(tick, y.low, x, y)[0], foot + 17) for tick in x.ticks]
    parts.append(_text(x.label, (_LEFT + right) / 2, _HEIGHT - 6))
    middle = (_TOP + foot) / 2
    parts.append(f'<g transform="rotate(-90 12 {middle:.1f})">{_text(y.label, 12, middle)}</g>')
    return "".join(parts)


def _text(text: str, x: float, y: float, anchor: str = "middle") -> str:
    return f'<text font-size="11" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
