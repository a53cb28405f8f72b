"""When a live frame was taken, in UTC: by the sender's clock where it is told and can be right, else by its arrival."""

import logging
import struct
import time
from dataclasses import dataclass
from typing import Literal

import av

_AGREE_NS = 2_000_000_000
_PRFT = struct.Struct("q")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """at_ns: time.monotonic_ns() when a packet arrived. sent_ns: UTC by the sender's clock, where that is told."""

    at_ns: int
    sent_ns: int | None = None

    @classmethod
    def of(cls, packet: av.Packet) -> "Arrival":
        """The arrival of a packet that has just come.

        RTSP senders tell the time by RTCP sender reports (RFC 3550, section 6.4.1), from the first one on.
        """
        at_ns = time.monotonic_ns()
        if not packet.has_sidedata("prft"):
            return cls(at_ns)
        return cls(at_ns, 1000 * _PRFT.unpack_from(bytes(packet.get_sidedata("prft")))[0])


class WallClock:
    """UTC of one stream's frames.

    Args:
        name: of the stream, for the log.
        choice: sender: always the sender's clock where it is told; host: never; auto: where the two agree to within two
            seconds, as cameras that were never set think that it is 1970.
    """

    def __init__(self, name: str, choice: Literal["auto", "host", "sender"]) -> None:
        self._name, self._choice = name, choice
        self._disagrees = False

    def read(self, arrival: Arrival) -> tuple[int, Literal["host", "ntp"]]:
        """UTC (ns since 1970) of a frame, and whose clock that is."""
        host_ns = time.time_ns() - (time.monotonic_ns() - arrival.at_ns)
        if arrival.sent_ns is None or self._choice == "host":
            return host_ns, "host"
        apart_ns = arrival.sent_ns - host_ns
        if self._choice == "sender" or abs(apart_ns) <= _AGREE_NS:
            self._disagrees = False
            return arrival.sent_ns, "ntp"
        if not self._disagrees:
            self._disagrees = True
            log.warning("stream=%s sender's clock is off by %.1f s; the host's is used", self._name, apart_ns / 1e9)
        return host_ns, "host"
