"""Encoded pictures in a file, for a server that never encodes: access units one after the other, and an index."""

import json
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from streamseg.camera.condition import Format


class Unit(NamedTuple):
    """One encoded picture: the second it is due, counted from the camera's start; its bytes; whether it is a key frame.

    number: of the picture shown, from 0 in every turn of the loop.
    """

    time_s: float
    data: bytes
    is_key: bool
    number: int


@dataclass(frozen=True)
class Clip:
    """A loop of encoded pictures.

    data: all access units, joined; starts: where each begins, and after the last the end; keys: which are key frames;
    numbers: of the picture that each shows; period_s: how long one turn lasts.
    """

    format: Format
    period_s: float
    data: bytes
    starts: list[int]
    keys: list[bool]
    numbers: list[int]

    @property
    def bit_rate(self) -> float:
        """Mean, in bits a second."""
        return 8 * len(self.data) / self.period_s

    def between(self, after_s: float, until_s: float) -> list[Unit]:
        """The units due later than after_s, and not later than until_s; the loop has no end."""
        count = len(self.keys)
        turn, first = self._next(after_s)
        units: list[Unit] = []
        while True:
            for index in range(first, count):
                time_s = self._time_s(turn, index)
                if time_s > until_s:
                    return units
                data = self.data[self.starts[index] : self.starts[index + 1]]
                units.append(Unit(time_s, data, self.keys[index], self.numbers[index]))
            turn, first = turn + 1, 0

    def _time_s(self, turn: int, index: int) -> float:
        return turn * self.period_s + index / self.format.fps

    def _next(self, after_s: float) -> tuple[int, int]:
        """Turn and index of the first unit later than a time."""
        if after_s < 0:
            return 0, 0
        turn = int(after_s // self.period_s)
        times = [self._time_s(turn, index) for index in range(len(self.keys))]
        index = bisect_right(times, after_s)
        return (turn, index) if index < len(times) else (turn + 1, 0)

    def write(self, folder: Path) -> None:
        """Write it as two files named by its format; the index comes last."""
        (folder / f"{self.format.key}.bin").write_bytes(self.data)
        index = {"format": list(self.format), "period_s": self.period_s}
        index |= {"starts": self.starts, "keys": self.keys, "numbers": self.numbers}
        (folder / f"{self.format.key}.json").write_text(json.dumps(index), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, wanted: Format) -> "Clip":
        """The clip of a format that write() left in a folder."""
        index = json.loads((folder / f"{wanted.key}.json").read_text(encoding="utf-8"))
        data = (folder / f"{wanted.key}.bin").read_bytes()
        return cls(wanted, index["period_s"], data, index["starts"], index["keys"], index["numbers"])
