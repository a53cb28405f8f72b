"""An HLS media playlist (RFC 8216) of fragmented MP4: written, and read again by a successor."""

import math
import re
from dataclasses import dataclass, field

_INFO = re.compile(r"#EXTINF:([0-9.]+),")
_NUMBER = re.compile(r"#EXT-X-(MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE|TARGETDURATION):(\d+)")
_MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the playlist; head: the file that a player needs before it; breaks: its times do not follow."""

    name: str
    duration_s: float
    head: str
    breaks: bool = False


@dataclass(slots=True)
class Playlist:
    """The segments that can be had now.

    target_s: no segment is longer. first: number of the first one. breaks_before: breaks in segments gone by.
    """

    target_s: int
    first: int = 1
    breaks_before: int = 0
    segments: list[Segment] = field(default_factory=list)

    @property
    def next(self) -> int:
        """The number of the segment to come."""
        return self.first + len(self.segments)

    def add(self, segment: Segment, keep: int) -> list[str]:
        """One more; gives the names of files that no player asks for any more.

        A file stays for as long again as it was in the playlist (RFC 8216, section 6.2.2): `keep` segments.
        """
        self.target_s = max(self.target_s, math.ceil(segment.duration_s - 0.5))
        self.segments.append(segment)
        gone = []
        while len(self.segments) > keep:
            old = self.segments.pop(0)
            self.first += 1
            self.breaks_before += old.breaks
            gone.append(old.name)
        return gone

    def text(self, *, over: bool = False) -> str:
        """What stands in the file."""
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{self.target_s}",
            f"#EXT-X-MEDIA-SEQUENCE:{self.first}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self.breaks_before}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        head = None
        for segment in self.segments:
            if segment.breaks:
                lines.append("#EXT-X-DISCONTINUITY")
            if segment.head != head:
                head = segment.head
                lines.append(f'#EXT-X-MAP:URI="{head}"')
            lines += [f"#EXTINF:{segment.duration_s:.5f},", segment.name]
        return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if over else []), ""])

    @classmethod
    def read(cls, text: str) -> "Playlist":
        """What text() made."""
        playlist = cls(target_s=1)
        head, duration_s, breaks = "", 0.0, False
        for line in text.splitlines():
            if number := _NUMBER.fullmatch(line):
                match number[1]:
                    case "MEDIA-SEQUENCE":
                        playlist.first = int(number[2])
                    case "DISCONTINUITY-SEQUENCE":
                        playlist.breaks_before = int(number[2])
                    case _:
                        playlist.target_s = int(number[2])
            elif info := _INFO.fullmatch(line):
                duration_s = float(info[1])
            elif found := _MAP.fullmatch(line):
                head = found[1]
            elif line == "#EXT-X-DISCONTINUITY":
                breaks = True
            elif line and not line.startswith("#"):
                playlist.segments.append(Segment(line, duration_s, head, breaks))
                breaks = False
        return playlist
