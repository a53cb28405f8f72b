"""What is fuzzed, and what has to become of every input: it is taken, or refused by one of our errors in one line."""

import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamseg.errors import StreamsegError
from tests.fuzz.hostile import Bytes

MOST_MB = 768
"""Address space that reading an input may take; who asks for more gets a MemoryError, which is none of our errors."""
_LONGEST = 60_000


@dataclass(frozen=True)
class Target:
    """Something that reads what strangers send.

    name: on the command line. inputs: good ones and what they may be turned into. read: takes one. refusals: the
    errors by which it may refuse. seeds: good ones, where a fuzzer that is led by coverage begins.
    """

    name: str
    inputs: Bytes
    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    refusals: tuple[type[Exception], ...] = (StreamsegError,)

    def check(self, content: bytes) -> bool:
        """Whether it is taken; AssertionError where a refusal says it badly, any other error where it is none."""
        try:
            self.read(content)
        except self.refusals as error:
            if isinstance(error, StreamsegError):
                assert str(error).strip() and len(str(error)) < _LONGEST, (
                    f"says nothing, or too much: {str(error)[:300]}"
                )
            return False
        return True


def of_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Reads a file of that name with the content; what refuses it must name it in every line."""

    def read_content(content: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            try:
                read(path)
            except StreamsegError as error:
                bare = [line for line in str(error).splitlines() if str(path) not in line]
                assert not bare, f"a line that does not name the file: {bare[0][:300]}"
                raise

    return read_content


@contextmanager
def bounded_memory(more_mb: int = MOST_MB) -> Iterator[None]:
    """What allocates before it checks fails here, and at once."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    now = int(next(line for line in status.splitlines() if line.startswith("VmSize")).split()[1]) << 10
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + (more_mb << 20), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
