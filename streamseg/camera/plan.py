"""The plan of faults: `freeze@5s/3s,resolution:640x360@15s,drop@20s`, read, checked, and laid out in time."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from streamseg.camera.kinds import FOREVER, KINDS, Kind, Value, read_seconds
from streamseg.errors import ConfigError

_FAULT = re.compile(r"(?P<kind>[a-z0-9]+)(?::(?P<value>[^@/]+))?@(?P<at>[^@/]+)(?:/(?P<lasts>[^@/]+))?")


@dataclass(frozen=True)
class Fault:
    """One fault: its kind, when it begins (seconds), how long it lasts (None: it is over at once), and its value."""

    kind: str
    at_s: float = 0.0
    lasts_s: float | None = None
    value: Value = None

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.at_s + (self.lasts_s or 0.0)

    @property
    def is_lasting(self) -> bool:
        """Whether only the plan's next turn ends it."""
        return self.lasts_s == FOREVER

    def __str__(self) -> str:
        lasts = "" if self.lasts_s is None else "/forever" if self.is_lasting else f"/{self.lasts_s:g}s"
        return f"{self.kind}{_shown(self.value)}@{self.at_s:g}s{lasts}"


class Step(NamedTuple):
    """A moment of the plan: at this second the fault begins, or ends."""

    at_s: float
    begins: bool
    fault: Fault


@dataclass(frozen=True)
class Plan:
    """Faults in the order of their beginning; repeat_s: seconds after which all of it begins again, or None."""

    faults: tuple[Fault, ...] = ()
    repeat_s: float | None = None

    def steps(self) -> list[Step]:
        """What happens in one turn, in order; ends come before beginnings of the same moment."""
        steps = [Step(fault.at_s, True, fault) for fault in self.faults]
        steps += [Step(f.end_s, False, f) for f in self.faults if f.lasts_s is not None and not f.is_lasting]
        return sorted(steps, key=lambda step: (step.at_s, step.begins))


def parse_plan(text: str, *, repeat: str | None = None) -> Plan:
    """Read faults, separated by commas: KIND[:VALUE]@TIME[/DURATION], times as 5s, 500ms, 2m or plain seconds.

    Args:
        text: the faults; none is allowed.
        repeat: after how long the plan begins again, as a time.

    Raises:
        ConfigError: an unknown kind, a time or value that cannot be, two of a kind at the same time, or faults that
            last beyond the repetition; names the fault and what is allowed.
    """
    faults = [parse_fault(part.strip()) for part in text.split(",") if part.strip()]
    faults.sort(key=lambda fault: fault.at_s)
    for kind in KINDS:
        for earlier, later in pairwise(fault for fault in faults if fault.kind == kind):
            if later.at_s < earlier.end_s and not earlier.is_lasting:
                raise ConfigError(f"--fault {later}: {earlier} is not over by then; allowed is one {kind} at a time")
    return Plan(tuple(faults), None if repeat is None else _repeat(repeat, faults))


def parse_fault(text: str) -> Fault:
    """Read one fault.

    Raises:
        ConfigError: see parse_plan.
    """
    match = _FAULT.fullmatch(text)
    if match is None:
        raise ConfigError(f"--fault {text!r}: not KIND[:VALUE]@TIME[/DURATION], such as freeze@5s/3s or drop@20s")
    kind = KINDS.get(match["kind"])
    if kind is None:
        raise ConfigError(f"--fault {text!r}: unknown kind {match['kind']!r}; allowed are {', '.join(KINDS)}")
    at_s = _time(text, match["at"])
    return Fault(match["kind"], at_s, _lasting(text, kind, match["lasts"]), _value(text, kind, match["value"]))


def _time(text: str, part: str) -> float:
    try:
        return read_seconds(part)
    except ValueError:
        raise ConfigError(f"--fault {text!r}: {part!r} is no time; allowed are 5s, 500ms, 2m, 1.5") from None


def _lasting(text: str, kind: Kind, part: str | None) -> float | None:
    if part is None:
        return kind.lasts_s
    if kind.lasts_s is None:
        raise ConfigError(f"--fault {text!r}: it is over at once; no duration is allowed")
    return FOREVER if part == "forever" else _time(text, part)


def _value(text: str, kind: Kind, part: str | None) -> Value:
    if part is None:
        return kind.default
    if kind.read is None:
        raise ConfigError(f"--fault {text!r}: {part!r} is given; no value is allowed")
    try:
        return kind.read(part)
    except ValueError:
        raise ConfigError(f"--fault {text!r}: {part!r} cannot be used; {kind.allowed} is allowed") from None


def _repeat(text: str, faults: list[Fault]) -> float:
    try:
        repeat_s = read_seconds(text)
    except ValueError:
        raise ConfigError(f"--repeat {text!r}: no time; allowed are 40s, 500ms, 2m, 1.5") from None
    last_s = max((fault.at_s if fault.is_lasting else fault.end_s for fault in faults), default=0.0)
    if repeat_s <= last_s:
        raise ConfigError(f"--repeat {text}: the plan takes {last_s:g} s; more than that is allowed")
    return repeat_s


def _shown(value: Value) -> str:
    match value:
        case None:
            return ""
        case (width, height):
            return f":{width}x{height}"
        case float():
            return f":{value:g}"
    return f":{value}"
