"""What is wrong with the camera at this moment: one flat value, sent whole to whoever serves."""

from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple


class Format(NamedTuple):
    """How pictures are encoded: codec is h264, h265 or mjpeg; width and height in pixels; fps frames a second."""

    codec: str
    width: int
    height: int
    fps: float

    @property
    def key(self) -> str:
        """A name fit for files."""
        return f"{self.codec}-{self.width}x{self.height}-{self.fps:g}"


@dataclass(frozen=True)
class Condition:
    """The camera's condition; as it is made, it is well.

    format: what is sent; frozen: nothing is; stalled: it is kept back, and all sent at once afterwards; slow: share of
    the real-time bit rate that gets through (0: no limit); garbage, loss, reorder: share of RTP packets overwritten,
    left out, late (0..1); clock_s, ntp_s: how far RTP time stamps and the NTP time of sender reports are off;
    refuses: every login is answered by 401; hidden: every request by 404.
    """

    format: Format
    frozen: bool = False
    stalled: bool = False
    slow: float = 0.0
    garbage: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    clock_s: float = 0.0
    ntp_s: float = 0.0
    refuses: bool = False
    hidden: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"format": list(self.format)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Condition":
        """What to_json gave."""
        known = {field.name: record[field.name] for field in fields(cls)}
        return cls(**{**known, "format": Format(*record["format"])})
