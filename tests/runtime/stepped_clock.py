"""The wall clock of processes to come, stepped while they run: stepped_clock.c, which leaves all other clocks alone."""

import contextlib
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_suffix(".c")


@contextlib.contextmanager
def stepped_clock(folder: Path) -> Iterator[Callable[[float], None]]:
    """Gives what sets the clock of all processes begun inside so many seconds off; skips where no C compiler is."""
    compiler = shutil.which("cc") or pytest.skip("needs a C compiler")
    library, offset = folder / "stepped_clock.so", folder / "offset"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"], check=True)
    offset.write_bytes(struct.pack("q", 0))

    def step(seconds: float) -> None:
        with offset.open("r+b") as file:
            file.write(struct.pack("q", round(seconds * 1e9)))

    with contextlib.ExitStack() as undone:
        for name, value in (("LD_PRELOAD", library), ("STEPPED_CLOCK", offset)):
            assert name not in os.environ, f"{name} is in use"
            os.environ[name] = str(value)
            undone.callback(os.environ.pop, name)
        yield step
