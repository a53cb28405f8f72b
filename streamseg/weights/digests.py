"""Weights that are not those they were: what ships is compared with SHA256SUMS, a file of the user's with model.sha256.

After new weights: cd streamseg/weights && sha256sum *.safetensors *-int8.* > SHA256SUMS
"""

import hashlib
from functools import cache
from pathlib import Path

from streamseg.errors import ModelError
from streamseg.weights.header import SHIPPED

_SUMS = "SHA256SUMS"


def check_digest(path: Path, wanted: str | None = None) -> str:
    """The SHA-256 (hex) of a weight file; ModelError if it is not the one wanted, or not that of what ships."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    if wanted is not None and found != wanted:
        raise ModelError(f"{path}: its SHA-256 is {found}, model.sha256 is {wanted}")
    if path.parent == SHIPPED and found != _shipped().get(path.name, found):
        raise ModelError(f"{path}: not the file that ships with streamseg (its SHA-256 is {found}); install it again")
    return found


@cache
def _shipped() -> dict[str, str]:
    """Digests by name, as sha256sum writes them."""
    lines = (SHIPPED / _SUMS).read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}
