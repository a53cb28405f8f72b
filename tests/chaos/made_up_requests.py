"""Thousands of requests made up from the API: python tests/chaos/made_up_requests.py --help. `make chaos` calls it."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.web.schemathesis_run import schemathesis


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, and tell what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=100, help="of each operation; default 100")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="requests-"))
    done = schemathesis(folder, "--max-examples", str(asked.examples), "--seed", str(asked.seed), timeout_s=7200)
    print(done.stdout[-8000:], done.stderr[-2000:], flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
