"""What an evaluation found, as one page of HTML that needs nothing but itself: tables, curves and pictures.

Whatever comes from files (names, labels) is escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from streamseg.evaluation.charts import UNIT_TICKS, Axis, Line, line_chart, sparkline
from streamseg.evaluation.matches import PictureScore, best_typical_worst, score_pictures
from streamseg.evaluation.page_style import STYLE
from streamseg.evaluation.session import ClipPart, Outcome, StillsPart
from streamseg.evaluation.sheets import ClipFrame, data_uri, picture_of
from streamseg.evaluation.tables import Figures, identities_table, outlines_table, stills_table

if TYPE_CHECKING:
    from streamseg.evaluation.robustness import Robustness

_LEGEND = '<ul class="legend"><li><i class="truth"></i>truth</li><li><i class="found"></i>found</li></ul>'


def page(outcome: Outcome) -> str:
    """The whole page."""
    network = escape("; ".join(filter(None, (outcome.stills_network, outcome.clips_network))))
    sections = [
        *_overview(outcome),
        *map(_stills_section, outcome.stills),
        *(_clip_section(part) for part in outcome.clips if part.frames),
    ]
    return document("streamseg evaluate", "What the network sees", network, sections)


def document(command: str, heading: str, subject: str, sections: Sequence[str]) -> str:
    """A page of sections; all of it is HTML already."""
    return "\n".join([
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{command}: {subject}</title><style>{STYLE}</style></head><body>",
        f'<header><h1>{heading}</h1><p class="soft">{subject}</p></header>',
        *sections,
        "</body></html>\n",
    ])  # fmt: skip


def _overview(outcome: Outcome) -> list[str]:
    tables = (stills_table(outcome.stills), outlines_table(outcome.clips), identities_table(outcome.clips))
    return [f"<section>{table_of(figures)}</section>" for figures in tables if figures.rows]


def table_of(figures: Figures) -> str:
    """A table; names of groups stand in rows of their own."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in figures.headings)
    rows = []
    for row in figures.rows:
        kind = "group" if not any(row[1:]) else "part" if row[0].startswith("  ") else ""
        rows.append(f'<tr class="{kind}">' + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>")
    note = f'<p class="note">{escape(figures.note)}</p>' if figures.note else ""
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>{note}'


def _stills_section(part: StillsPart) -> str:
    curves = [
        Line(label, [(i / 100, precision) for i, precision in enumerate(curve.tolist()) if precision > 0])
        for label, curve in part.result.measured.curves.items()
    ]
    axes = Axis("recall", 0, 1, UNIT_TICKS), Axis("precision", 0, 1, UNIT_TICKS)
    charts = [line_chart(curves, *axes, "Precision over recall, masks at IoU 0.5")] if curves else []
    if part.robustness:
        charts.append(_falling(part.robustness))
    images = len(part.result.dataset.pictures)
    return "\n".join([
        f'<section><h2>{escape(part.name)}</h2><p class="soft">{images} pictures</p>',
        f'<div class="pair">{"".join(charts)}</div>',
        _corruptions(part.robustness) if part.robustness else "",
        sheet_of(part),
        "</section>",
    ])  # fmt: skip


def sheet_of(part: StillsPart) -> str:
    """The best, typical and worst pictures of a data set."""
    ranked = score_pictures(part.result, part.threshold)
    rows = [
        _pictures(f"{group} pictures", [(picture_of(score), _caption(score)) for score in scores])
        for group, scores in best_typical_worst(ranked).items()
    ]
    note = f"Objects with a score of at least {part.threshold:g}; ranked by mean IoU of what matches, times F1."
    return f'<p class="note">{note}</p>{_LEGEND}{"".join(rows)}' if rows else ""


def _caption(score: PictureScore) -> str:
    return f"IoU {score.iou:.2f}, F1 {score.f1:.2f}, image {score.picture.id}"


def _pictures(heading: str, pictures: Sequence[tuple[bytes, str]]) -> str:
    figures = "".join(
        f'<figure><img src="{data_uri(jpeg)}" alt=""><figcaption>{escape(caption)}</figcaption></figure>'
        for jpeg, caption in pictures
    )
    return f'<h3>{escape(heading.capitalize())}</h3><div class="sheet">{figures}</div>'


def _falling(robustness: "Robustness") -> str:
    """The means over the kinds, by strength; strength 0 is the clean data set."""
    strengths = list(next(iter(robustness.spoilt.values())))
    lines = [("all kinds", list(robustness.spoilt)), ("kinds unlike training", robustness.unseen)]
    curves = [
        Line(name, [(0, robustness.clean.ap50), *((s, robustness.at(kinds, s).ap50) for s in strengths)])
        for name, kinds in lines
        if kinds
    ]
    x = Axis("strength of corruption", 0, max(strengths), [0, *strengths])
    return line_chart(curves, x, Axis("mask AP50", 0, 1, UNIT_TICKS), "Mask AP50 over the strength of corruption")


def _corruptions(robustness: "Robustness") -> str:
    strengths = list(next(iter(robustness.spoilt.values())))
    every = [(f"{kind} *" if kind in robustness.unseen else kind, [kind], "") for kind in robustness.spoilt]
    means = [("mean of all", list(robustness.spoilt), "mean"), ("mean of *", robustness.unseen, "mean")]
    head = "".join(f"<th>{heading}</th>" for heading in ("", *strengths, "mean"))
    rows = "".join(
        f'<tr class="{kind}"><td>{escape(name.replace("_", " "))}</td>{_shaded(robustness, kinds, strengths)}</tr>'
        for name, kinds, kind in every + means
        if kinds
    )
    note = "Mask AP50, its share of the clean one, and mask AP; * unlike anything in training."
    return (
        f'<h3>Under corruption</h3><p class="note">{note}</p>'
        f'<div class="wide"><table><tr><th>kind</th>{head}</tr>{rows}</table></div>'
    )


def _shaded(robustness: "Robustness", kinds: Sequence[str], strengths: Sequence[int]) -> str:
    clean = robustness.clean.ap50
    each = [robustness.at(kinds, strength) for strength in strengths]
    shares = [row.ap50 / clean if clean else 0.0 for row in (*each, robustness.mean(kinds))]
    cells = "".join(
        f'<td class="shade" style="--share:{min(1, share):.2f}">{row.ap50:.3f} '
        f"<small>{share:.0%}, AP {row.ap:.3f}</small></td>"
        for row, share in zip((*each, robustness.mean(kinds)), shares, strict=True)
    )
    return f"<td>{sparkline([1, *shares[:-1]], 'share of the clean AP50 by strength')}</td>{cells}"


def _clip_section(part: ClipPart) -> str:
    first, last = part.frames[0].seq, part.frames[-1].seq
    curves = [
        Line("J", [(frame.seq, frame.j) for frame in part.frames]),
        Line("boundary F", [(frame.seq, frame.boundary_f) for frame in part.frames]),
    ]
    x, y = Axis("frame", first, last, sorted({first, (first + last) // 2, last})), Axis("", 0, 1, UNIT_TICKS)
    pictures = [
        (frame.jpeg, f"{group}: frame {frame.seq}, J {frame.j:.2f}, F {frame.boundary_f:.2f}")
        for group, frame in _telling(part.frames).items()
    ]
    return "".join([
        f'<section><h2>{escape(part.name)}</h2><p class="soft">The object that fits the foreground best</p>',
        f'<div class="pair">{line_chart(curves, x, y, "J and boundary F of each frame")}</div>{_LEGEND}',
        _pictures("frames", pictures),
        "</section>",
    ])  # fmt: skip


def _telling(frames: Sequence[ClipFrame]) -> dict[str, ClipFrame]:
    """The best, typical and worst frame from the first on in which an object was confirmed."""
    start = next((i for i, frame in enumerate(frames) if frame.j), 0)
    ranked = sorted(frames[start:], key=lambda frame: -frame.j - frame.boundary_f)
    return {"best": ranked[0], "typical": ranked[len(ranked) // 2], "worst": ranked[-1]}
