"""What a GPU does for us, in one command of under ten minutes: python tests/bench/gpu.py [--out gpu]

    python tests/bench/gpu.py --out gpu              # on a machine with CUDA: all parts
    python tests/bench/gpu.py --only roofline views  # some of its parts
    python tests/bench/gpu.py --small                # on a CPU too: everything small, to prove that it works

Pictures a second of the shipped network by batch size, precision and way of launching it; the share of what its layers
allow on this device, whose ceilings are measured in the same call; transfers beside the work; planes to views on the
device; NVDEC by PyAV; and streams by the whole product. OUT.json and OUT.md are written anew after every row. A part
that has used up its time (--part) leaves the rest of its rows out, and says so; one that fails is told and passed over.
"""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.bench.machine import this_machine
from tests.bench import gpu_parts as parts
from tests.bench.gpu_parts import Bench, Row
from tests.bench.made_clips import made_clip
from tests.bench.steady import measure
from tests.runtime.clips import write_street

PRECISIONS = {"fp16": torch.float16, "bf16": torch.bfloat16}
ON_CPU = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Session:
    """One call: its settings, what has been found so far, and where that is written."""

    def __init__(self, bench: Bench, out: Path, part_s: float):
        self.bench, self._out, self._part_s = bench, out, part_s
        self.precisions = PRECISIONS if bench.cuda else ON_CPU
        self.batches = (1, 2) if bench.small else (1, 2, 4, 8, 16, 32, 64, 128, 256)
        self.found: dict[str, list[Row]] = {}
        self._machine = asdict(this_machine())

    @property
    def first(self) -> tuple[str, torch.dtype]:
        """The precision that counts."""
        return next(iter(self.precisions.items()))

    @property
    def late(self) -> bool:
        """Whether the part at hand has used up its time."""
        return time.monotonic() > self._until_s

    def do(self, name: str, part: Callable[["Session"], Iterator[Row]]) -> None:
        """Measure a part; what there is of it is written down row by row."""
        began_s = time.monotonic()
        self._until_s = began_s + self._part_s
        rows = self.found.setdefault(name, [])
        try:
            for row in part(self):
                rows.append(row)
                self._write()
                if self.late:
                    rows.append({next(iter(row)): "no time for more"})
                    break
        except Exception as error:  # what the other parts say is worth having
            traceback.print_exc()
            rows.append({"failed": _reason(error)})
        self._write()
        print(f"\n{_section(name, rows)}\n({time.monotonic() - began_s:.0f} s)", flush=True)

    def _write(self) -> None:
        document = {"machine": self._machine, "view": self.bench.view, "parts": self.found}
        self._out.with_suffix(".json").write_text(json.dumps(document, indent=2) + "\n")
        gpus = ", ".join(self._machine["gpus"]) or "no GPU"
        head = f"{gpus}; {self._machine['cpu']}, {self._machine['cores']} cores; torch {torch.__version__}\n"
        told = [head, *(_section(name, rows) for name, rows in self.found.items())]
        self._out.with_suffix(".md").write_text("\n".join(told) + "\n")


def _ceilings(session: Session) -> Iterator[Row]:
    yield parts.ceilings(session.bench, session.precisions)


def _network(session: Session) -> Iterator[Row]:
    """A row for each batch, smaller ones first; a way that fails, for want of memory or of a compiler, says so."""
    compiled = () if session.bench.small else (1, 8, 64)
    for name, dtype in session.precisions.items():
        net = parts.network(session.bench, dtype)
        for batch in session.batches:
            row: Row = {"precision": name, "batch": batch}
            make = parts.ways(session.bench, net, batch, compiled=batch in compiled and dtype is session.first[1])
            for way, begin in make.items():
                try:
                    with torch.inference_mode():
                        row[f"{way}, pictures/s"] = batch / session.bench.seconds(begin())
                except Exception as error:
                    row[f"{way}, pictures/s"] = _reason(error)
            yield row


def _roofline(session: Session) -> Iterator[Row]:
    most = (session.found.get("ceilings") or list(_ceilings(session)))[0]
    for name, dtype in session.precisions.items():
        row = parts.roofline(session.bench, name, dtype, most)
        rates = [rate for found in session.found.get("network", ()) for rate in _rates(found, name)]
        if rates:
            row |= {"pictures/s reached": max(rates), "share": max(rates) / row["pictures/s at most"]}
        yield row


def _rates(row: Row, precision: str) -> list[float]:
    told = [row[key] for key in row if key.endswith("pictures/s")] if row.get("precision") == precision else []
    return [rate for rate in told if isinstance(rate, float)]


def _runner(session: Session) -> Iterator[Row]:
    for batch in session.batches[:6]:
        yield parts.runners(session.bench, batch)


def _transfers(session: Session) -> Iterator[Row]:
    with torch.inference_mode():
        net = parts.network(session.bench, session.first[1])
        yield from parts.transfers(session.bench, 2 if session.bench.small else 32, net)


def _views(session: Session) -> Iterator[Row]:
    yield from parts.views(session.bench, (384, 216) if session.bench.small else (1920, 1080))


def _clip(session: Session, folder: Path) -> Path:
    if session.bench.small:
        return write_street(folder / "street.mp4", 20, size=(192, 108))
    return made_clip(2, (1920, 1080))


def _decoding(session: Session) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        clip = str(_clip(session, Path(folder)))
        yield from parts.decoding(session.bench, clip, 0.1 if session.bench.small else 5)


def _product(session: Session) -> Iterator[Row]:
    """The whole job on more and more streams, without video, as fast as it goes: how many of 25/s that would be."""
    with tempfile.TemporaryDirectory() as name:
        folder, small = Path(name), session.bench.small
        clip, config = _clip(session, folder), folder / "gpu.yaml"
        workers = "" if small else "{preprocess_workers: 8, tracking_workers: 8, sink_workers: 4}"
        config.write_text(f"model: {{device: '{session.bench.device}'}}\nruntime: {workers or '{}'}\n")
        for streams in (1,) if small else (1, 8, 16, 32):
            steady = measure(clip, streams, 2 if small else 15, "--config", str(config), "--cutouts", "1")
            row: Row = {"streams": streams, "frames/s": steady.fps, "streams of 25/s": steady.fps / 25}
            yield row | {f"{stage}, CPU ms": ms for stage, ms in steady.stages_ms.items()}


PARTS: dict[str, Callable[[Session], Iterator[Row]]] = {
    "ceilings": _ceilings,
    "network": _network,
    "roofline": _roofline,
    "runner": _runner,
    "transfers": _transfers,
    "views": _views,
    "decoding": _decoding,
    "product": _product,
}


def _section(name: str, rows: Sequence[Row]) -> str:
    """A part as a table in Markdown."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    lines = [f"| {' | '.join(_shown(row.get(head, '')) for head in heads)} |" for row in rows]
    return "\n".join([f"## {name}\n", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *lines, ""])


def _shown(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gpu"), help="OUT.json and OUT.md; default gpu")
    parser.add_argument(
        "--only", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="default: a GPU")
    parser.add_argument("--view", default="384x640", metavar="HxW", help="default 384x640")
    parser.add_argument("--part", type=float, default=120, help="seconds after which a part begins no further row")
    parser.add_argument("--small", action="store_true", help="tiny, to prove that it works; figures mean nothing")
    asked = parser.parse_args(arguments)
    height, width = (64, 96) if asked.small else map(int, asked.view.split("x"))
    bench = Bench(torch.device(asked.device), (height, width), 0.01 if asked.small else 0.5, asked.small)
    session = Session(bench, asked.out, asked.part)
    for name in asked.only:
        session.do(name, PARTS[name])


if __name__ == "__main__":
    main()
