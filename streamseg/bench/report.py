"""A benchmark as tables for a terminal."""

from collections.abc import Iterator
from itertools import repeat

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from streamseg import __version__
from streamseg.accounts import StageTime
from streamseg.bench.machine import Machine
from streamseg.bench.session import Outcome

TITLES = {"no-video": "cut-outs and JSONL, no video", "with-video": "the same with the annotated video"}
"""The jobs, for a reader."""
STAGES_NOTE = (
    "busy: at work on a frame. waiting: it lay there for the stage. blocked: capture had no slot for it. "
    "at work: busy as a share of all time; together: the stages of one process. What is near 100 % sets the pace."
)
_BAR = 16


def head(outcome: Outcome) -> Iterator[str]:
    """Where and on what it was measured."""
    machine, clip = outcome.machine, outcome.clip
    cores = f"{machine.cores} of {machine.cores_all} cores" if machine.cores < machine.cores_all else _cores(machine)
    gpus = ", ".join(machine.gpus) or "no GPU that torch can use"
    yield f"streamseg {__version__} on {machine.cpu}, {cores}, {machine.memory_gib:g} GiB; {gpus}"
    yield f"{machine.system}; {', '.join(f'{name} {version}' for name, version in machine.versions.items())}"
    height, width = clip.size_hw
    turns = f"{clip.turns} turns of " if clip.turns > 1 else ""
    yield f"clip     {turns}{clip.source}: {clip.codec}, {width}x{height}, {clip.frames} frames at {clip.fps:g}/s"
    yield f"network  {outcome.network}"
    yield f"workers  {'; '.join(map(' + '.join, outcome.workers)) or 'one process'}"
    if machine.busy:
        yield f"load {machine.load:g} before it began: other work took part of the machine, figures are too low"


def rates(outcome: Outcome) -> Table:
    """Decoding alone, and each job beside it."""
    title = f"median of {outcome.rounds} rounds" if outcome.rounds > 1 else "one round"
    table = _table(title, "")
    for heading in ("frames/s", "of decoding", "of real time", "CPU ms", "beyond decoding", "around s"):
        table.add_column(heading, justify="right")
    decoding, fps = outcome.decoding, outcome.clip.fps
    table.add_row("decoding alone", f"{decoding.fps:.1f}", "1.00", f"{decoding.fps / fps:.2f}", _ms(decoding.cpu_ms))
    for name, cost in outcome.jobs.items():
        shares = f"{cost.fps / decoding.fps:.2f}", f"{cost.fps / fps:.2f}"
        cpu = _ms(cost.cpu_ms), _ms(outcome.beyond_decoding_ms(name))
        table.add_row(TITLES[name], f"{cost.fps:.1f}", *shares, *cpu, f"{cost.around_s:.1f}")
    table.caption = "CPU ms: of all processes, a frame. around: what the run takes beside its frames, to begin and end."
    return table


def stages(outcome: Outcome, job: str) -> Table:
    """Where a frame's time goes in one job, by worker: each is at work on one thing at a time."""
    cost = outcome.jobs[job]
    table = _table(f"{TITLES[job]}: ms a frame", "stage")
    for heading in ("busy", "waiting", "blocked"):
        table.add_column(heading, justify="right")
    table.add_column("at work")
    for hosted in dict.fromkeys(outcome.workers):
        each = {stage: cost.stages[stage] for stage in hosted if stage in cost.stages}
        for stage, times in each.items():
            shown = map(_ms_of, (times.busy_ns, times.waiting_ns, times.blocked_ns), repeat(times.frames))
            table.add_row(stage, *shown, _share(at_work(times, cost.fps)))
        if len(each) > 1:
            busy = sum(times.busy_ns / times.frames for times in each.values())
            table.add_row("  together", _ms_of(busy, 1), "", "", _share(busy * cost.fps / 1e9), style="bold")
        table.add_section()
    return table


def at_work(times: StageTime, fps: float) -> float:
    """The share of all time that a stage is at work; above 1 where several workers host it."""
    return times.busy_ns / times.frames * fps / 1e9


def _ms_of(ns: float, frames: int) -> str:
    return f"{ns / frames / 1e6:.2f}"


def _share(share: float) -> Text:
    filled = round(_BAR * min(1.0, share))
    return Text.assemble(("█" * filled, "cyan"), ("░" * (_BAR - filled), "dim"), f" {share:4.0%}")


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    return table


def _cores(machine: Machine) -> str:
    return f"{machine.cores} core{'s' if machine.cores != 1 else ''}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
