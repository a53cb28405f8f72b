"""How a training run goes, as one page of HTML that needs nothing but itself; what comes from files is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import Any

from streamseg.evaluation.charts import COLOURS, Line, axis_from_zero, line_chart
from streamseg.evaluation.report import document, table_of
from streamseg.evaluation.sheets import data_uri
from streamseg.evaluation.tables import Figures
from streamseg.training.curves import Curve
from streamseg.training.losses import WEIGHTS
from streamseg.training.validation import Validation

_AVERAGES = {"mask_ap": "mask AP", "mask_ap50": "mask AP50"}


@dataclass(frozen=True, slots=True)
class RunView:
    """What is known of a run: its name, scenes seen and wanted, the log's curves, its validations in order.

    sheets: the latest validation's pictures by data set, as HTML. scenes: scenes.jpg.
    """

    name: str
    images: int
    wanted: int
    curves: dict[str, Curve]
    validations: Sequence[Validation]
    sheets: dict[str, str]
    scenes: bytes


def page(run: RunView) -> str:
    """The whole page."""
    state = f"{escape(run.name)}: {run.images:,} of {run.wanted:,} scenes"
    sections = [*_validation(run), *_losses(run.curves), _pace(run.curves), _scenes(run.scenes)]
    return document("streamseg train", "How training goes", state, sections)


def _validation(run: RunView) -> list[str]:
    if not run.validations:
        return []
    means = [
        Line(name, [(row.images / 1000, getattr(row, key)) for row in run.validations])
        for key, name in _AVERAGES.items()
    ]
    charts = [_chart("Mean over data sets and categories", means)]
    for name in run.validations[-1].sets:
        charts += _category_charts(name, run.validations)
    return [
        _section("Validation", "Averaged weights on pictures that they were not trained on", charts, _table(run)),
        *(f"<section><h2>{escape(name)}</h2>{sheet}</section>" for name, sheet in run.sheets.items()),
    ]


def _category_charts(name: str, validations: Sequence[Validation]) -> list[str]:
    """Mask AP of each category, as many in a chart as there are colours."""
    lines = [
        Line(label, [(row.images / 1000, scores[label]["mask_ap"]) for row, scores in _scores(name, validations)])
        for label in validations[-1].sets[name]
    ]
    return [_chart(f"Mask AP on {name}", lines[i : i + COLOURS]) for i in range(0, len(lines), COLOURS)]


def _scores(name: str, validations: Sequence[Validation]) -> list[tuple[Validation, dict[str, Any]]]:
    """Validations that measured what the latest one did on a data set."""
    wanted = set(validations[-1].sets[name])
    return [(row, row.sets[name]) for row in validations if wanted <= set(row.sets.get(name, ()))]


def _table(run: RunView) -> str:
    """The latest figures, and the best mask AP of each category."""
    last, best = run.validations[-1], max(run.validations, key=lambda row: row.mask_ap)
    rows: list[Sequence[str]] = []
    for name, scores in last.sets.items():
        rows.append((name, "", "", "", "", ""))
        for label, row in scores.items():
            highest = max(each[label]["mask_ap"] for _, each in _scores(name, run.validations))
            figures = (row["mask_ap"], row["mask_ap50"], row["boundary_ap"], highest)
            rows.append((f"  {label}", *(f"{value:.3f}" for value in figures), str(row["instances"])))
    note = f"after {last.images:,} scenes; best.safetensors: mean mask AP {best.mask_ap:.3f} after {best.images:,}"
    headings = ("data set", "mask AP", "mask AP50", "boundary AP", "highest mask AP", "objects")
    return table_of(Figures("", headings, rows, note))


def _losses(curves: dict[str, Curve]) -> list[str]:
    if "loss" not in curves:
        return []
    charts = [_line("Weighted sum of all terms", "loss", _settled(curves["loss"]))]
    for name, weight in WEIGHTS.items():
        if name in curves:
            charts.append(_line(f"Term of weight {weight:g}", name, _settled(curves[name])))
    return [_section("Loss", "On training scenes, mean of batches in succession", charts)]


def _settled(curve: Curve) -> Curve:
    """The curve, cut off where a wild start would flatten all that follows."""
    highest = 4 * median(value for _, value in curve) if curve else 0.0
    return [(images, min(value, highest)) for images, value in curve]


def _pace(curves: dict[str, Curve]) -> str:
    named = {"rate": "scenes/s", "learning_rate": "learning rate"}
    charts = [_line(name.capitalize(), name, curves[key]) for key, name in named.items() if key in curves]
    return _section("Pace", "", charts) if charts else ""


def _scenes(jpeg: bytes) -> str:
    note = (
        "The first training scenes as the network sees them, with the outlines of all objects; regions of several are "
        "grey. Beside each: what differs from a fixed camera's past; black: nothing is known."
    )
    picture = f'<figure><img src="{data_uri(jpeg)}" alt="training scenes"></figure>'
    return f'<section><h2>Training scenes</h2><p class="note">{note}</p>{picture}</section>' if jpeg else ""


def _line(title: str, name: str, curve: Curve) -> str:
    return _chart(title, [Line(name, [(images / 1000, value) for images, value in curve])])


def _chart(title: str, lines: Sequence[Line]) -> str:
    across = [x for line in lines for x, _ in line.points] or [0.0]
    values = [y for line in lines for _, y in line.points] or [0.0]
    return line_chart(lines, axis_from_zero("thousand scenes", max(across)), axis_from_zero("", max(values)), title)


def _section(heading: str, note: str, charts: Sequence[str], table: str = "") -> str:
    return (
        f'<section><h2>{escape(heading)}</h2><p class="soft">{escape(note)}</p>'
        f'<div class="pair">{"".join(charts)}</div>{table}</section>'
    )
