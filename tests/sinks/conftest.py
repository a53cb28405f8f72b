"""A disk that is soon full."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MB."""
    with disks.small_disk(tmp_path / "small") as disk:
        yield disk.folder
