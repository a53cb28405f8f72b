#!/usr/bin/env python
"""Health of the run in this container: status 0 if its /healthz says 200, else 1 and why."""

import sys
import urllib.request

from streamseg import control_file
from streamseg.errors import StreamsegError

_TIMEOUT_S = 5.0


def main() -> int:
    """Ask the run that serves HTTP here, wherever it listens."""
    try:
        url = f"{control_file.find().url}/healthz"
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # the run wrote it
            sys.stdout.write(f"{url}: {answer.status}\n")
    except (StreamsegError, OSError) as error:
        sys.stderr.write(f"unhealthy: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
