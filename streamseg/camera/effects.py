"""What a fault makes of the camera's condition as it begins and as it ends."""

from dataclasses import replace
from typing import Any

from streamseg.camera.condition import Condition, Format
from streamseg.camera.kinds import LEAST_SIDE_PX
from streamseg.camera.plan import Fault, Plan

_FLAGS = {"freeze": "frozen", "burst": "stalled", "auth": "refuses", "notfound": "hidden"}
_SHARES = frozenset({"garbage", "loss", "reorder", "slow"})
_JUMPS = {"clock": "clock_s", "ntp": "ntp_s"}


def changed(condition: Condition, fault: Fault, *, begins: bool, well: Condition) -> Condition:
    """The condition once a fault has begun or ended.

    Args:
        condition: before.
        fault: what begins or ends.
        begins: which of both.
        well: the camera's condition without any fault.
    """
    kind, change = fault.kind, dict[str, Any]()
    if kind in _FLAGS:
        change = {_FLAGS[kind]: begins}
    elif kind in _SHARES:
        change = {kind: fault.value if begins else 0.0}
    elif kind in _JUMPS and begins:
        change = {_JUMPS[kind]: getattr(condition, _JUMPS[kind]) + fault.value}
    else:
        change = {"format": _format(condition.format, fault, begins, well.format)}
    return replace(condition, **change)


def formats(plan: Plan, well: Condition) -> list[Format]:
    """Every format that is sent in the course of a plan, the first one first."""
    seen, condition = [well.format], well
    for _, begins, fault in plan.steps():
        condition = changed(condition, fault, begins=begins, well=well)
        seen.append(condition.format)
    return list(dict.fromkeys(seen))


def _format(sent: Format, fault: Fault, begins: bool, well: Format) -> Format:
    match fault.kind, fault.value:
        case "resolution", value:
            width, height = value if isinstance(value, tuple) else (_half(well.width), _half(well.height))
            return sent._replace(width=width if begins else well.width, height=height if begins else well.height)
        case "fps", value:
            return sent._replace(fps=(value if isinstance(value, float) else well.fps / 2) if begins else well.fps)
        case "codec", value:
            other = value if isinstance(value, str) else "h264" if well.codec == "h265" else "h265"
            return sent._replace(codec=other if begins else well.codec)
    return sent


def _half(side: int) -> int:
    return max(LEAST_SIDE_PX, side // 4 * 2)
