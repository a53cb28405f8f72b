"""Shows how training gets on: a bar on a terminal, a plain line every half minute without one."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from streamseg.training.train import Progress as Trained
from streamseg.training.validation import Validation

_LINES_EVERY_S = 30.0
_LOSS_KEPT = 0.98
"""Share of the mean loss that a batch leaves as it was."""


class Display(Protocol):
    """Entered while training runs; update() comes after every batch and every validation."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def update(self, event: Trained | Validation) -> None: ...
    def bar(self, name: str, steps: int | None) -> Callable[[], None]: ...


def display(console: Console) -> Display:
    """A bar if console is a terminal, else lines."""
    return Bar(console) if console.is_terminal else Lines(console)


class Bar:
    """One bar that changes in place; each validation leaves a line."""

    def __init__(self, console: Console):
        self._figures = _Figures()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=20),
            TextColumn("{task.fields[figures]}", markup=False), console=console,
        )  # fmt: skip
        self._task = self._progress.add_task("training", total=None, figures="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, event: Trained | Validation) -> None:
        if isinstance(event, Validation):
            self._progress.console.print(self._figures.validated(event), markup=False, highlight=False)
        else:
            figures = self._figures.trained(event)
            self._progress.update(self._task, total=event.wanted, completed=event.images, figures=figures)

    def bar(self, name: str, steps: int | None) -> Callable[[], None]:
        """A second bar, that goes when it is full."""
        task = self._progress.add_task(name, total=steps, figures="")

        def advance() -> None:
            self._progress.advance(task)
            if all(shown.finished for shown in self._progress.tasks if shown.id == task):
                self._progress.update(task, visible=False)

        return advance


class Lines:
    """The same figures as lines."""

    def __init__(self, console: Console, every_s: float = _LINES_EVERY_S):
        self._console, self._figures, self._every_s = console, _Figures(), every_s
        self._due_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, event: Trained | Validation) -> None:
        if isinstance(event, Validation):
            self._say(self._figures.validated(event))
            return
        figures = self._figures.trained(event)
        if time.monotonic() >= self._due_s or event.images >= event.wanted:
            self._due_s = time.monotonic() + self._every_s
            self._say(figures)

    def bar(self, name: str, steps: int | None) -> Callable[[], None]:
        """Nothing: the line of the validation itself follows."""
        return lambda: None

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class _Figures:
    """What is shown, in words; the loss is a mean of late, for that of a single batch says little."""

    def __init__(self) -> None:
        self._loss: float | None = None
        self._last_ap = ""

    def trained(self, progress: Trained) -> str:
        before = progress.loss if self._loss is None else self._loss
        self._loss = _LOSS_KEPT * before + (1 - _LOSS_KEPT) * progress.loss
        left = timedelta(seconds=round((progress.wanted - progress.images) / progress.rate))
        figures = f"{progress.images}/{progress.wanted} scenes, {progress.rate:.1f}/s, {left} left"
        return f"{figures}, loss {self._loss:.3f}{self._last_ap}"

    def validated(self, row: Validation) -> str:
        self._last_ap = f", AP {row.mask_ap:.3f}"
        best = ", the best so far" if row.best else ""
        return f"validation after {row.images} scenes: mask AP {row.mask_ap:.3f}, AP50 {row.mask_ap50:.3f}{best}"
