"""A stream of pictures as fragmented MP4 for one player: a head, then a fragment for each picture."""

from collections.abc import Iterator

from streamseg.broadcast.pictures import EncodedPicture
from streamseg.sinks.encoder import TICKS_PER_S
from streamseg.sinks.fragments import VIDEO, Run, Sample, fragment

_USUAL_STEP = TICKS_PER_S // 25


class Fragments:
    """Times begin at 0 with the first picture given, which is a key picture."""

    def __init__(self) -> None:
        self._head = b""
        self._first_ticks = 0
        self._begin = -1
        self._step = _USUAL_STEP
        self._number = 0

    def of(self, picture: EncodedPicture) -> Iterator[bytes]:
        """The bytes for a picture; before it the head, where it is the first or has another look."""
        if picture.key and picture.head != self._head:
            if not self._head:
                self._first_ticks = picture.ticks
            self._head = picture.head
            yield self._head
        # a sink's successor may encode once more what its predecessor had handed on: times must grow all the same
        begin = max(self._begin + 1, picture.ticks - self._first_ticks)
        if self._begin >= 0:
            self._step = begin - self._begin
        self._begin = begin
        self._number += 1
        yield fragment(self._number, [Run(VIDEO, begin, [Sample(picture.data, self._step, picture.key)])])


def mime_of(head: bytes) -> str:
    """The MIME type with the codec (RFC 6381), as MediaSource.isTypeSupported takes it."""
    at = head.index(b"avcC") + 5  # after the type: version, profile, compatibility, level (ISO/IEC 14496-15)
    return f'video/mp4; codecs="avc1.{head[at : at + 3].hex()}"'
