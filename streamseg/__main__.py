"""`python -m streamseg` is the command `streamseg`."""

import sys

from streamseg.cli import main

if __name__ == "__main__":
    sys.exit(main())
