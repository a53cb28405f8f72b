"""Give every reader what it cannot want: python tests/chaos/fuzz.py --help. `make chaos` calls it.

An input must be taken, or refused by one of our errors, in bounded memory and time. Each target is tried in a process
of its own; the smallest input that does anything else is shown, and the exit status is 1.

hypothesis makes the inputs. With --coverage they are made by atheris (pip install atheris), which learns from the lines
of streamseg that an input reaches; it needs --minutes, and keeps what breaks a target in the current folder.
"""

import argparse
import faulthandler
import logging
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.target import Target, bounded_memory

_LONGEST_S = 120
"""One input may take so long, on a machine that has other things to do, too."""
_BLOCK = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all targets, or some; 1 if one of them broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", metavar="TARGET", nargs="*", help="by name; default all, an unknown one lists them")
    parser.add_argument("--examples", type=int, default=5000, help="of each target; default 5000")
    parser.add_argument("--minutes", type=float, help="for each target, in place of --examples")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument("--coverage", action="store_true", help="let atheris make the inputs")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.coverage and asked.minutes is None:
        parser.error("--coverage: needs --minutes")
    if asked.alone:
        logging.disable()  # what is warned of is not looked at here
        return _alone(asked)
    from tests.fuzz.targets import TARGETS

    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: no such target; there are: {', '.join(TARGETS)}")
    again = sys.argv[1:] if arguments is None else list(arguments)
    flags = [word for word in again if word not in asked.targets]
    broken = [name for name in asked.targets or TARGETS if subprocess.call(_command(name, flags)) != 0]
    print(f"{len(broken)} targets broke: {', '.join(broken)}" if broken else "every input was taken or refused")
    return int(bool(broken))


def _command(name: str, flags: list[str]) -> list[str]:
    return [sys.executable, __file__, "--alone", name, *flags]


def _alone(asked: argparse.Namespace) -> int:
    [name] = asked.targets
    if asked.coverage:
        return _led_by_coverage(name, asked.minutes, asked.seed)
    from tests.fuzz.targets import TARGETS

    target, kinds, began_s, number = TARGETS[name], Counter[bool](), time.monotonic(), asked.seed
    with bounded_memory():
        while not _enough(asked, kinds.total(), time.monotonic() - began_s):
            _try(target, kinds, number, _BLOCK if asked.minutes else min(_BLOCK, asked.examples - kinds.total()))
            number += 1
    seconds = time.monotonic() - began_s
    print(f"{name}: {kinds.total()} inputs in {seconds:.0f} s, {kinds[True]} taken, {kinds[False]} refused", flush=True)
    return 0


def _enough(asked: argparse.Namespace, count: int, seconds: float) -> bool:
    return bool(seconds >= 60 * asked.minutes if asked.minutes else count >= asked.examples)


def _try(target: Target, kinds: "Counter[bool]", number: int, count: int) -> None:
    """A block of inputs of its own seed."""

    @seed(number)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(target.inputs)
    def check(content: bytes) -> None:
        faulthandler.dump_traceback_later(_LONGEST_S, exit=True)
        kinds[target.check(content)] += 1
        faulthandler.cancel_dump_traceback_later()

    check()


def _led_by_coverage(name: str, minutes: float, number: int) -> int:
    """Never comes back: libFuzzer ends the process, with a status of its own."""
    try:
        import atheris
    except ImportError:
        print("--coverage: atheris is not installed; pip install atheris", file=sys.stderr)
        return 2
    with atheris.instrument_imports(include=["streamseg"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    flags = [
        f"-max_total_time={60 * minutes:.0f}",
        f"-seed={number + 1}",
        "-rss_limit_mb=2048",
        f"-timeout={_LONGEST_S}",
    ]
    corpus = _corpus(name, target.seeds())
    atheris.Setup([name, *flags, "-print_final_stats=1", str(corpus)], lambda content: target.check(content) and None)
    atheris.Fuzz()
    return 0


def _corpus(name: str, seeds: Sequence[bytes]) -> Path:
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix=f"corpus-{name}-"))
    for number, content in enumerate(seeds):
        (folder / str(number)).write_bytes(content)
    return folder


if __name__ == "__main__":
    sys.exit(main())
