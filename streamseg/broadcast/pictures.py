"""An encoded picture on its way from the video sink to whoever shows it."""

import msgspec


class EncodedPicture(msgspec.Struct, frozen=True, array_like=True):
    """One picture as H.264.

    encoder: the encoding process's own name; another one begins with a key picture. number: counts its pictures, so
    that one that is missing is seen. seq: of the frame. ticks: its media time in 1/90000 s. key: whether decoding can
    begin here. head: for a key picture `ftyp` and `moov` of an MP4 file with this video alone, else empty. data: an
    access unit, each NAL unit after its length (4 bytes), as in MP4.
    """

    encoder: str
    number: int
    seq: int
    ticks: int
    key: bool
    head: bytes
    data: bytes

    def follows(self, before: "EncodedPicture | None") -> bool:
        """Whether a decoder that has had the one before can take this one."""
        return self.key or (before is not None and (self.encoder, self.number) == (before.encoder, before.number + 1))


_decoder = msgspec.msgpack.Decoder(EncodedPicture)


def encode(picture: EncodedPicture) -> bytes:
    """Bytes for the wire."""
    return msgspec.msgpack.encode(picture)


def decode(data: bytes) -> EncodedPicture:
    """What encode() made; msgspec.MsgspecError for anything else."""
    return _decoder.decode(data)
