"""Writing small annotated videos, and reading what is in them."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from streamseg.config import Config
from streamseg.records import Extraction, Track
from streamseg.sinks.fragments import Entry
from streamseg.sinks.video import VideoSink
from tests.sinks.scenes import extraction, info, make_frame

TICK_S = Fraction(1, 90_000)
STEADY = [seq * 40_000_000 for seq in range(12)]
VARIABLE = np.cumsum([0, 33_366_700, 1_000_000, 250_000_000, 16_683_350, 2_500_000_000, 40_000_000]).tolist()


def opened(folder: Path, video: dict | None = None, output: dict | None = None, **known: object) -> VideoSink:
    sink = VideoSink(Config.model_validate({"video": video or {}, "output": output or {}}), folder)
    assert sink.open(info(**known)) == -1
    return sink


def write(sink: VideoSink, times_ns: list[int], *tracks: Track, **frame: object) -> None:
    for seq, pts_ns in enumerate(times_ns):
        assert sink.write(Extraction(make_frame(seq, pts_ns, **frame), tracks))
    sink.close()


def written(sink: VideoSink, times_ns: list[int]) -> VideoSink:
    for seq, pts_ns in enumerate(times_ns):
        sink.write(extraction(seq, pts_ns))
    return sink


def left(sink: VideoSink) -> bytes:
    """What a sink told last that is then left as it is."""
    position = sink.settle()
    sink._parts._open.file._file.close()
    return position


def follow(sink: VideoSink, folder: Path) -> VideoSink:
    """The successor of a sink that is left as it is."""
    seq = sink._seq
    successor = VideoSink(Config(), folder)
    assert successor.open(info(), left(sink)) == seq
    return successor


def indexed(path: Path) -> list[Entry]:
    """What the index at the end of a file says."""
    content = path.read_bytes()
    [size] = struct.unpack(">I", content[-4:])
    assert content[-size + 4 : -size + 8] == b"mfra"
    [count] = struct.unpack_from(">I", content, len(content) - size + 28)
    rows = [struct.unpack_from(">QQ", content, len(content) - size + 32 + 19 * i) for i in range(count)]
    assert all(content[offset + 4 : offset + 8] == b"moof" for _, offset in rows)
    return [Entry(*row) for row in rows]


def pictures(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def packet_times(path: Path, kind: str = "audio") -> list[Fraction]:
    with av.open(str(path)) as container:
        [stream] = [stream for stream in container.streams if stream.type == kind]
        return [packet.pts * packet.time_base for packet in container.demux(stream) if packet.pts is not None]


def psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((a.astype(float) - b) ** 2))))
