"""What throughput.py found, in Markdown: every way, and the ratios that we hold ourselves to."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from tests.bench.throughput_ways import DECODING, ENCODING, OPENVINO, PLAIN, SKIPPING, TORCH, VIDEO

BARS = (
    (PLAIN, DECODING, 0.35),
    (PLAIN, TORCH, 6.0),
    (PLAIN, OPENVINO, 2.0),
    (SKIPPING, DECODING, 0.60),
    (SKIPPING, TORCH, 10.0),
    (SKIPPING, OPENVINO, 3.0),
    (VIDEO, ENCODING, 0.70),
)
"""Our way, what it is compared with (the fastest whose name begins so), and the least that the ratio is to be."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: frames a second and seconds of the whole command, milliseconds of CPU a frame."""

    fps: float
    wall_s: float
    cpu_ms: float

    def as_json(self) -> dict[str, float]:
        """Plain values."""
        return asdict(self)


Found = Mapping[str, Sequence[Measured]]


def middle(each: Sequence[Measured]) -> float:
    """The median of the rates."""
    return statistics.median(one.fps for one in each)


def table(found: Found, good: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each way: medians, and the span of all rounds; good: how good ours are, by way."""
    figures = sorted({name for row in good.values() for name in row})
    decoding = fastest(found, DECODING)
    heads = ["way", "frames/s", "of all rounds", "wall s", "of decoding", "CPU ms a frame", "beyond decoding", *figures]
    lines = [_row(heads), "|" + "---|" * len(heads)]
    for name, each in found.items():
        rates = [one.fps for one in each]
        cpu_ms = statistics.median(one.cpu_ms for one in each)
        cells = [name, f"{middle(each):.1f}", f"{min(rates):.1f} to {max(rates):.1f}"]
        cells += [f"{statistics.median(one.wall_s for one in each):.1f}"]
        cells += [f"{middle(each) / middle(found[decoding]):.3f}" if decoding else "", f"{cpu_ms:.1f}"]
        cells += [f"{cpu_ms - _cpu_ms(found, decoding):.1f}" if decoding else ""]
        cells += [f"{good[name][figure]:.3f}" if figure in good.get(name, {}) else "" for figure in figures]
        lines.append(_row(cells))
    return "\n".join(lines)


def bars(found: Found) -> str:
    """A row for each bar of which both sides were measured."""
    lines = [_row(["bar", "at least", "found", ""]), "|---|---|---|---|"]
    for ours, others, least in BARS:
        other = fastest(found, others)
        if ours in found and other:
            ratio = middle(found[ours]) / middle(found[other])
            lines.append(_row([f"{ours} / {other}", f"{least:g}", f"{ratio:.2f}", "" if ratio >= least else "missed"]))
    return "\n".join(lines)


def fastest(found: Found, begin: str) -> str | None:
    """The fastest way whose name begins so."""
    names = [name for name in found if name.startswith(begin)]
    return max(names, key=lambda name: middle(found[name]), default=None)


def _cpu_ms(found: Found, name: str) -> float:
    return statistics.median(one.cpu_ms for one in found[name])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
