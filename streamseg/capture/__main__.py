"""`python -m streamseg.capture SOURCE ...` prints what each source says of itself, and its first frames."""

import itertools
import sys

from streamseg.capture import expand, open_source, parse_source
from streamseg.config import CaptureConfig

_FRAMES = 5


def main(sources: list[str]) -> None:
    """Print a line for each stream, and one for each of its first frames."""
    for stream in expand([parse_source(source) for source in sources]):
        source = open_source(stream, CaptureConfig())
        try:
            print(source.open())  # noqa: T201
            for frame in itertools.islice(source, _FRAMES):
                print(frame.seq, frame.pts_ns, frame.size_hw, frame.color, frame.notes)  # noqa: T201
        finally:
            source.close()


if __name__ == "__main__":
    main(sys.argv[1:])
