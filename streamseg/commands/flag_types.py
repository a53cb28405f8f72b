"""What a flag's text may be: media times, lists of names, how often to cut out and to look, where a server is."""

import math
import re

import click

_HOST_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[\w.-]+))(?::(?P<port>\d{1,5}))?")
_CLOCK = re.compile(r"(?:(?P<h>\d+):)?(?P<m>\d{1,2}):(?P<s>\d{1,2}(?:\.\d+)?)")


class MediaTime(click.ParamType[float]):
    """Seconds ("90.5") or [HH:]MM:SS[.s] ("1:30.5"), as seconds."""

    name = "T"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value)
        seconds = _clock_seconds(text) if ":" in text else _number(text)
        if seconds is None or not 0 <= seconds < math.inf:
            self.fail(f"{text!r} is not a time; use seconds (90.5) or [HH:]MM:SS[.s] (1:30.5)", param, ctx)
        return seconds


class Names(click.ParamType[list[str]]):
    """Names with commas between ("person,vehicle")."""

    name = "a,b"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        names = [name.strip() for name in str(value).split(",")]
        if not all(names):
            self.fail(f"{value!r} has an empty name; use names with commas between, like person,vehicle", param, ctx)
        return names


class Cadence(click.ParamType[float | str]):
    """Seconds between two cut-outs of a track, or one of the words."""

    name = "SECONDS|all|best|none"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        text = str(value)
        if text in ("all", "best", "none"):
            return text
        seconds = _number(text)
        if seconds is None or not 0 < seconds < math.inf:
            self.fail(f"{text!r} is neither seconds above 0 nor one of all, best, none", param, ctx)
        return seconds


class DetectEvery(click.ParamType[int | str]):
    """How many frames there are for each that the network looks at, or auto."""

    name = "N|auto"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        text = str(value)
        if text == "auto":
            return text
        if not text.isdecimal() or not 1 <= int(text) <= 100:
            self.fail(f"{text!r} is neither a number from 1 to 100 nor auto", param, ctx)
        return int(text)


class Broker(click.ParamType[dict[str, str | int]]):
    """HOST or HOST:PORT of a server; an IPv6 address with a port stands in brackets. As keys of a section."""

    name = "HOST[:PORT]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str | int]:
        match = _HOST_PORT.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is not {self.name}, like 10.0.0.7:1883", param, ctx)
        host: dict[str, str | int] = {"host": match["v6"] or match["host"]}
        return host | {"port": int(match["port"])} if match["port"] else host


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _clock_seconds(text: str) -> float | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = int(match["h"] or 0), int(match["m"]), float(match["s"])
    return None if minutes >= 60 or seconds >= 60 else hours * 3600 + minutes * 60 + seconds
