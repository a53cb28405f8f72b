"""An RTSP client that decodes nothing: packets as they come over the wire, RTP and RTCP in one TCP connection."""

import socket
import struct
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Packets:
    """What came in some time."""

    rtp: list[bytes] = field(default_factory=list)
    rtcp: list[bytes] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        """RTP sequence numbers."""
        return [struct.unpack_from(">H", packet, 2)[0] for packet in self.rtp]

    @property
    def stamps(self) -> list[int]:
        """RTP time stamps."""
        return [struct.unpack_from(">I", packet, 4)[0] for packet in self.rtp]

    @property
    def ntp_s(self) -> list[float]:
        """Wall clock of the sender reports, in seconds since 1970."""
        reports = [packet for packet in self.rtcp if packet[1] == 200]
        return [struct.unpack_from(">Q", packet, 8)[0] / 2**32 - 2208988800 for packet in reports]


class Wire:
    """Plays a camera's stream; a context manager."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url, self._number = url, 0
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self._read = self._socket.makefile("rb")
        try:
            self._play(url)
        except (OSError, AssertionError):
            self.__exit__()
            raise

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._read.close()
        self._socket.close()

    def _play(self, url: str) -> None:
        content = self._ask("DESCRIBE", url, "Accept: application/sdp")
        control = [line.split(":", 1)[1] for line in content.splitlines() if line.startswith("a=control:stream")]
        self._session = ""
        self._ask("SETUP", f"{url}/{control[0]}", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        self._ask("PLAY", url, f"Session: {self._session}")

    def take(self, count: int) -> Packets:
        """The next so many RTP packets, and the RTCP packets before them."""
        packets = Packets()
        while len(packets.rtp) < count:
            self._next(packets)
        return packets

    def take_report(self) -> Packets:
        """What comes until a sender report."""
        packets = Packets()
        while not packets.ntp_s:
            self._next(packets)
        return packets

    def is_silent_soon(self, quiet_s: float, *, within_s: float) -> bool:
        """Whether nothing at all comes for quiet_s, beginning within a time: what was under way may still come."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            if self.is_silent(quiet_s):
                return True
        return False

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing at all comes for a while."""
        packets = Packets()
        self._socket.settimeout(seconds)
        try:
            self._next(packets)
        except TimeoutError:
            return True
        finally:
            # a file over a socket cannot be read once it has timed out
            self._read = self._socket.makefile("rb")
            self._socket.settimeout(10)
        return False

    def _next(self, packets: Packets) -> None:
        head = self._read.read(4)
        if len(head) < 4:
            raise ConnectionError("the camera closed the connection")
        mark, channel, size = struct.unpack(">BBH", head)
        assert mark == 0x24, head
        (packets.rtcp if channel else packets.rtp).append(self._read.read(size))

    def _ask(self, method: str, url: str, header: str) -> str:
        self._number += 1
        self._socket.sendall(f"{method} {url} RTSP/1.0\r\nCSeq: {self._number}\r\n{header}\r\n\r\n".encode())
        status = self._read.readline().decode()
        assert " 200 " in status, status
        size = 0
        while line := self._read.readline().decode().strip():
            name, _, value = line.partition(": ")
            size = int(value) if name.lower() == "content-length" else size
            self._session = value.partition(";")[0] if name.lower() == "session" else getattr(self, "_session", "")
        return self._read.read(size).decode()
