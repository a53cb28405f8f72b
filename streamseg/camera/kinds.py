"""The kinds of fault: what each is, how long it lasts, what value it takes."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

FOREVER = math.inf
CODECS = ("h264", "h265", "mjpeg")
LEAST_SIDE_PX, MOST_SIDE_PX = 16, 4096

Value = float | str | tuple[int, int] | None
_UNITS_S = {"": 1.0, "s": 1.0, "ms": 0.001, "m": 60.0}
_TIME = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ms|s|m|)")


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    meaning: one line, for help. lasts_s: how long, unless the plan says otherwise; FOREVER: until the plan begins
    again; None: it is over at once. allowed: what may stand after a colon, for messages; None: nothing may. read: that
    text to a value, ValueError if it cannot be. default: the value where none is given.
    """

    meaning: str
    lasts_s: float | None
    allowed: str | None = None
    read: Callable[[str], Value] | None = None
    default: Value = None


def read_seconds(text: str) -> float:
    """5s, 500ms, 2m or plain seconds, as seconds.

    Raises:
        ValueError: it is none of these.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return float(match[1]) * _UNITS_S[match[2]]


def read_size(text: str) -> tuple[int, int]:
    """WxH as width and height in pixels, both even and 16 to 4096.

    Raises:
        ValueError: it is not.
    """
    width, _, height = text.partition("x")
    size = int(width), int(height)
    if not all(LEAST_SIDE_PX <= side <= MOST_SIDE_PX and side % 2 == 0 for side in size):
        raise ValueError(text)
    return size


def read_rate(text: str) -> float:
    """Frames a second, above 0 and up to 240.

    Raises:
        ValueError: it is not.
    """
    value = float(text)
    if not 0 < value <= 240:
        raise ValueError(text)
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError(text)
    return value


def _codec(text: str) -> str:
    if text not in CODECS:
        raise ValueError(text)
    return text


def _jump(text: str) -> float:
    value = read_seconds(text.lstrip("+-")) * (-1.0 if text.startswith("-") else 1.0)
    if not value:
        raise ValueError(text)
    return value


_SHARE = "a share above 0 and up to 1"
_JUMP = "seconds such as +10s or -500ms"
KINDS: dict[str, Kind] = {
    "freeze": Kind("nothing more is sent, connections stay open", 3.0),
    "hang": Kind("the server stands still: connections open, no request answered", 3.0),
    "burst": Kind("nothing is sent, then all of it at once", 3.0),
    "slow": Kind("only this share of the bit rate gets through", 5.0, _SHARE, _share, 0.25),
    "garbage": Kind("random bytes in this share of the packets", 2.0, _SHARE, _share, 0.1),
    "loss": Kind("this share of the packets is left out", 2.0, _SHARE, _share, 0.05),
    "reorder": Kind("this share of the packets comes three packets late", 2.0, _SHARE, _share, 0.1),
    "resolution": Kind("the encoder goes on in another size", FOREVER, "WxH, even, 16 to 4096,", read_size),
    "fps": Kind("the encoder goes on at another rate", FOREVER, "a rate up to 240", read_rate),
    "codec": Kind("connections closed, then another codec", FOREVER, "h264, h265 or mjpeg", _codec),
    "clock": Kind("RTP time stamps jump", None, _JUMP, _jump, 10.0),
    "ntp": Kind("the wall clock of RTCP sender reports jumps", None, _JUMP, _jump, 3600.0),
    "drop": Kind("connections closed", None),
    "auth": Kind("connections closed, then every login refused: 401", 3.0),
    "notfound": Kind("connections closed, then the path unknown: 404", 3.0),
    "restart": Kind("the server killed, later back on the same port", 2.0),
}
"""Every kind of fault, by its name."""
CLOSING = frozenset({"codec", "drop", "auth", "notfound"})
"""Kinds that close all connections as they begin."""
