"""What tests share: where the real data lies, and how a missing system package is reported."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_CANDIDATES = (Path(os.environ.get("STREAMSEG_SHARED", "")), _ROOT.parent / "shared")
SHARED: Path | None = next((p for p in _CANDIDATES if (p / "data").is_dir()), None)
"""Folder with real clips and images for tests, or None; STREAMSEG_SHARED overrides its place."""


def require_debian(package: str, ok: bool) -> None:
    """Skip a test whose Debian package is missing, by name; in CI, where it must be installed, fail instead."""
    if ok:
        return
    reason = f"needs the Debian package {package}: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def shared_file(relative: str) -> Path:
    """A file of the shared data, or skip."""
    if SHARED is None or not (SHARED / "data" / relative).exists():
        pytest.skip(f"needs the shared test data ({relative})")
    return SHARED / "data" / relative
