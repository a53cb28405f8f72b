"""What goes wrong with packets: RTP (RFC 3550, section 5.1) and RTCP sender reports (section 6.4.1) as bytes."""

import random
import struct

from streamseg.camera.condition import Condition

RTP_HEADER = 12
VIDEO_RATE = 90_000
"""Ticks a second of the RTP clock of all video formats used here."""
_PAYLOAD_HEADERS = 4
"""Bytes after the RTP header that stay as they are: what kind of unit follows, and which part of it."""
_LATE_BY = 3
_SENDER_REPORT = 200


class PacketFaults:
    """Does to RTP packets what the condition says; the same packets and seed give the same result."""

    def __init__(self, condition: Condition, *, seed: int = 1) -> None:
        self.condition = condition
        self._random = random.Random(seed)  # noqa: S311
        self._late: list[tuple[int, bytes]] = []

    @property
    def any(self) -> bool:
        """Whether packets have to go through here at all."""
        c = self.condition
        return bool(c.garbage or c.loss or c.reorder or c.clock_s or self._late)

    def sent(self, packet: bytes) -> list[bytes]:
        """The packets that go out in place of one, in order."""
        self._late = [(left - 1, late) for left, late in self._late]
        out = [late for left, late in self._late if left <= 0]
        self._late = [(left, late) for left, late in self._late if left > 0]
        if self._happens(self.condition.loss):
            return out
        packet = shift_rtp(packet, self.condition.clock_s)
        if self._happens(self.condition.garbage):
            packet = self._overwritten(packet)
        if self._happens(self.condition.reorder):
            self._late.append((_LATE_BY, packet))
            return out
        return [packet, *out]

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _overwritten(self, packet: bytes) -> bytes:
        kept = RTP_HEADER + _PAYLOAD_HEADERS
        return packet[:kept] + self._random.randbytes(max(0, len(packet) - kept))


def shift_rtp(packet: bytes, by_s: float) -> bytes:
    """The RTP packet with its time stamp moved, modulo 2**32."""
    if not by_s:
        return packet
    (stamp,) = struct.unpack_from(">I", packet, 4)
    return packet[:4] + struct.pack(">I", (stamp + round(by_s * VIDEO_RATE)) & 0xFFFFFFFF) + packet[8:]


def shift_report(packet: bytes, by_s: float) -> bytes:
    """The RTCP packet with the NTP time of its sender report moved; any other packet as it is."""
    if not by_s or len(packet) < 16 or packet[1] != _SENDER_REPORT:
        return packet
    (ntp,) = struct.unpack_from(">Q", packet, 8)
    return packet[:8] + struct.pack(">Q", (ntp + round(by_s * 2**32)) & 0xFFFFFFFFFFFFFFFF) + packet[16:]
