"""The figures of an evaluation as rows of text, for a terminal of 100 columns and for the page alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamseg.evaluation.robustness import Robustness
    from streamseg.evaluation.session import ClipPart, StillsPart


@dataclass(frozen=True, slots=True)
class Figures:
    """A table: the first column names what the others measure. note: what needs saying below it."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def stills_table(parts: Sequence["StillsPart"]) -> Figures:
    """A row for each data set's name, then one for each of its categories."""
    headings = (
        "data set", "mask AP", "mask AP50", "box AP", "box AP50", "boundary AP", "small", "medium", "large", "images",
        "objects",
    )  # fmt: skip
    rows: list[Sequence[str]] = []
    for part in parts:
        rows.append((part.name, *[""] * 10))
        for label, row in part.result.measured.scores.items():
            measured = (
                row.mask_ap, row.mask_ap50, row.box_ap, row.box_ap50, row.boundary_ap, row.mask_ap_small,
                row.mask_ap_medium, row.mask_ap_large, row.images, row.instances,
            )  # fmt: skip
            rows.append((f"  {label}", *map(_cell, measured)))
    return Figures(
        "", headings, rows, "small, medium, large: mask AP of objects below 32², below 96² pixels, and above"
    )


def outlines_table(parts: Sequence["ClipPart"]) -> Figures:
    """Clips that have masks."""
    headings = ("clip", "J", "boundary F", "precision", "recall", "F", "frames")
    judged = ((part.name, part.score.outlines) for part in parts if part.score.outlines)
    rows = [
        (name, *map(_cell, (row.j, row.boundary_f, row.precision, row.recall, row.f_measure, row.frames)))
        for name, row in judged
    ]
    return Figures("", headings, rows)


def identities_table(parts: Sequence["ClipPart"]) -> Figures:
    """Clips that have boxes with ids."""
    headings = ("clip", "HOTA", "IDF1", "MOTA", "objects", "missed", "wrong", "switches")
    judged = ((part.name, part.score.identities) for part in parts if part.score.identities)
    rows = [
        (name, *map(_cell, (row.hota, row.idf1, row.mota, row.objects, row.missed, row.wrong, row.switches)))
        for name, row in judged
    ]
    return Figures("", headings, rows)


def corruption_table(name: str, robustness: "Robustness", figure: str) -> Figures:
    """Mask AP or AP50 ("ap", "ap50") by kind and strength, with its share of the clean one."""
    clean = getattr(robustness.clean, figure)
    strengths = list(next(iter(robustness.spoilt.values())))
    rows = [
        (
            f"{kind} *" if kind in robustness.unseen else kind,
            *(_with_share(getattr(row, figure), clean) for row in by_strength.values()),
            _with_share(getattr(robustness.mean([kind]), figure), clean),
        )
        for kind, by_strength in robustness.spoilt.items()
    ]
    for label, kinds in (("mean of all", list(robustness.spoilt)), ("mean of *", robustness.unseen)):
        if kinds:
            cells = [_with_share(getattr(robustness.at(kinds, strength), figure), clean) for strength in strengths]
            rows.append((label, *cells, _with_share(getattr(robustness.mean(kinds), figure), clean)))
    title = f"{name}: mask {figure.upper()} under corruption, clean {clean:.3f}"
    headings = ("kind", *(f"strength {strength}" for strength in strengths), "mean")
    return Figures(title, headings, rows, "share of the clean figure in brackets; * unlike anything in training")


def _with_share(value: float, clean: float) -> str:
    return f"{value:.3f} ({value / clean:.0%})" if clean else f"{value:.3f}"


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
