import threading
import time

from streamseg.capture import open_source, parse_source
from streamseg.capture.file import FileSource
from streamseg.capture.pace import Paced
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.records import Place

from .conftest import WriteClip


def test_frames_come_no_sooner_than_their_time(write_clip: WriteClip) -> None:
    source = FileSource(str(write_clip("clip.mp4", frames=6, fps=20)), CaptureConfig(start=0.1), "clip")
    source.open()
    frames = list(Paced(source))
    assert [f.seq for f in frames] == list(range(4))
    for frame in frames[1:]:
        assert frame.arrived_ns - frames[0].arrived_ns >= frame.pts_ns - frames[0].pts_ns - 1_000_000


def test_nothing_is_dropped_for_who_is_slow(write_clip: WriteClip) -> None:
    paced = Paced(FileSource(str(write_clip("clip.mp4", frames=10, fps=100)), CaptureConfig(), "clip"))
    seen = []
    for frame in paced:
        time.sleep(0.02)
        seen.append(frame.seq)
    assert seen == list(range(10))
    assert paced.dropped == {}


def test_close_ends_a_long_wait(write_clip: WriteClip) -> None:
    path = write_clip("clip.mkv", frames=2, pts=[0, 3_600_000])
    paced = Paced(FileSource(str(path), CaptureConfig(), "clip"))
    frames = iter(paced)
    next(frames)
    rest: list[object] = []
    waiting = threading.Thread(target=lambda: rest.extend(frames))
    waiting.start()
    paced.close()
    waiting.join(timeout=10)
    assert not waiting.is_alive()
    assert rest == []


def test_pace_decides_the_wrapping(write_clip: WriteClip) -> None:
    def kind(stream: StreamConfig, pace: str) -> str:
        veiled = open_source(stream, CaptureConfig(pace=pace))  # type: ignore[arg-type]
        return type(veiled._source).__name__

    file, live = parse_source(str(write_clip("clip.mp4", frames=1))), parse_source("rtsp://127.0.0.1:9/x")
    assert [kind(file, pace) for pace in ("auto", "fast", "realtime")] == ["FileSource", "FileSource", "Paced"]
    assert [kind(live, pace) for pace in ("auto", "fast", "realtime")] == ["Freshest", "LiveSource", "Freshest"]
    assert kind(parse_source("/dev/video99"), "auto") == "Freshest"


def test_paces_from_the_first_frame_after_a_place(write_clip: WriteClip) -> None:
    path = write_clip("clip.mkv", frames=4, pts=[0, 3_600_000, 3_600_050, 3_600_100])
    source = FileSource(str(path), CaptureConfig(), "clip")
    paced = Paced(source)
    paced.open(Place(0, 0))
    # an hour after the place, and yet at once
    frames = list(paced)
    assert [f.seq for f in frames] == [1, 2, 3]
    for frame in frames[1:]:
        assert frame.arrived_ns - frames[0].arrived_ns >= frame.pts_ns - frames[0].pts_ns - 1_000_000
    assert paced.exact


def test_paced_says_where_time_stamps_were_made_up(write_clip: WriteClip) -> None:
    path = write_clip("clip.h264", frames=3, fps=100)
    assert [paced.exact for paced in (Paced(FileSource(str(path), CaptureConfig(), "clip")),) for _ in paced] == [
        False
    ] * 3
